/**
 * The RFC 7591/7592 dialect (Gravitee, Tyk, MuleSoft, WSO2, MCP clients), once for our own token service on
 * the public listener and once for each provider on the management listener. An update replaces; unknown
 * members are ignored, as RFC 7591 section 2 asks. It holds no rule of its own.
 */
import { z } from 'zod';
import type { ClientRecord } from '../../clients/client-record.ts';
import { knownMembers } from '../../clients/merge-metadata.ts';
import type { Endpoint, EndpointResponse, HttpMethod } from '../../lib/endpoint.ts';
import type { Caller } from '../../portals/caller.ts';
import type { RegistrationContext } from '../../registration/context.ts';
import { createClient } from '../../registration/create.ts';
import { deleteClient } from '../../registration/delete.ts';
import { readClient } from '../../registration/read.ts';
import type { RegistrationTokens } from '../../registration/registration-token.ts';
import { rotateSecret } from '../../registration/rotate-secret.ts';
import { replaceClient } from '../../registration/update.ts';
import { EXAMPLE_CLIENT, EXAMPLE_SECRET, toClientDocument } from '../client-document.ts';
import { clientRequest } from '../client-request.ts';
import { DELETED_OR_UNDER_WAY, deletionAnswer } from '../deletion.ts';
import { actOf, idOf } from '../request.ts';
import { registrationDocument } from './registration-document.ts';

export interface RegistrationEndpointOptions {
  /** `/oauth2/register` or `/register/:provider`. */
  readonly base: string;
  /** Names the operations apart in the OpenAPI document. */
  readonly operationPrefix: string;
  readonly issuer: string;
  /** URL of one client's registration, from the configuration, never from the request (S-DCR-32). */
  readonly clientUri: (client: ClientRecord) => string;
  readonly tokens: RegistrationTokens;
  /** The secret of a client whose portal may see it again, `undefined` for every other. */
  readonly recoverSecret: (client: ClientRecord) => string | undefined;
}

const EXAMPLE = {
  ...EXAMPLE_CLIENT,
  registration_client_uri: `https://auth.example.com/oauth2/register/${EXAMPLE_CLIENT.client_id}`,
  registration_access_token: 'dcrr_a_token_for_this_client_alone',
};
const EXAMPLE_WITH_SECRET = { ...EXAMPLE, client_secret: EXAMPLE_SECRET };
const EXAMPLE_REQUEST = { client_name: 'order sync', grant_types: ['client_credentials'], scope: 'read' };

export function rfc7591Endpoints(
  context: RegistrationContext,
  options: RegistrationEndpointOptions,
): readonly Endpoint<Caller>[] {
  const { base, operationPrefix: prefix, issuer, clientUri, tokens, recoverSecret } = options;
  const client = `${base}/:client_id`;
  const answer = (status: number, record: ClientRecord, clientSecret?: string): EndpointResponse => ({
    status,
    body: {
      ...toClientDocument(record, issuer, clientSecret),
      registration_client_uri: clientUri(record),
      registration_access_token: tokens.of(record.client_id),
    },
    secret: true,
  });
  // For what changes a client, and not for a read: who may only look sees no secret (S-MGT-12).
  const complete = (status: number, record: ClientRecord, clientSecret = recoverSecret(record)) =>
    answer(status, record, clientSecret);
  const ok = { 200: { description: 'The client.', schema: registrationDocument, example: EXAMPLE } };
  const renew = (method: HttpMethod): Endpoint<Caller> => ({
    method,
    path: `${client}/renew-secret`,
    operationId: `${prefix}RenewSecretBy${method}`,
    summary: 'Replace the secret (Gravitee calls this renew)',
    requestBody: { presence: 'optional', schema: z.looseObject({}), example: {} },
    idempotent: true,
    responses: {
      200: { description: 'Replaced.', schema: registrationDocument, example: EXAMPLE_WITH_SECRET },
    },
    handle: async (request) => {
      const rotated = await rotateSecret(context, actOf(request), idOf(request), undefined);
      return complete(200, rotated.client, rotated.clientSecret);
    },
  });
  return [
    {
      method: 'POST',
      path: base,
      operationId: `${prefix}Register`,
      summary: 'Register a client (RFC 7591 section 3.1)',
      requestBody: { presence: 'required', schema: clientRequest, example: EXAMPLE_REQUEST },
      idempotent: true,
      responses: {
        201: { description: 'Registered.', schema: registrationDocument, example: EXAMPLE_WITH_SECRET },
      },
      handle: async (request) => {
        const created = await createClient(context, actOf(request), knownMembers(request.body));
        return complete(201, created.client, created.clientSecret);
      },
    },
    {
      method: 'GET',
      path: client,
      operationId: `${prefix}Read`,
      summary: 'Read a client (RFC 7592 section 2.1)',
      responses: ok,
      handle: async (request) => answer(200, await readClient(context, actOf(request), idOf(request))),
    },
    {
      method: 'PUT',
      path: client,
      operationId: `${prefix}Replace`,
      summary: 'Replace the metadata of a client (RFC 7592 section 2.2)',
      requestBody: {
        presence: 'required',
        schema: clientRequest,
        example: { client_id: EXAMPLE.client_id, ...EXAMPLE_REQUEST },
      },
      responses: ok,
      handle: async (request) => {
        const changed = await replaceClient(context, actOf(request), idOf(request), request.body);
        return complete(200, changed.client, changed.clientSecret);
      },
    },
    {
      method: 'DELETE',
      path: client,
      operationId: `${prefix}Delete`,
      summary: 'Delete a client (RFC 7592 section 2.3)',
      responses: DELETED_OR_UNDER_WAY,
      handle: async (request) =>
        deletionAnswer(request, await deleteClient(context, actOf(request), idOf(request))),
    },
    ...(['POST', 'PUT', 'PATCH'] as const).map(renew),
  ];
}
