/**
 * The HTTP Bridge dialect (API7 Developer Portal, `provider_type: http_bridge`): a table of routes onto the
 * registration core. It maps fields and statuses and holds no rule of its own.
 */
import { z } from 'zod';
import type { Endpoint, EndpointResponse } from '../../lib/endpoint.ts';
import type { Caller } from '../../portals/caller.ts';
import type { RegistrationContext } from '../../registration/context.ts';
import { createClient } from '../../registration/create.ts';
import { deleteClient } from '../../registration/delete.ts';
import type { ClientAnswer } from '../../registration/idempotency.ts';
import { type CursorContext, listClients } from '../../registration/list-clients.ts';
import { readClient } from '../../registration/read.ts';
import { rotateSecret } from '../../registration/rotate-secret.ts';
import { addSecret, deleteSecret, listSecrets } from '../../registration/secrets.ts';
import { updateClient } from '../../registration/update.ts';
import { clientDocument, EXAMPLE_CLIENT, EXAMPLE_SECRET, toClientDocument } from '../client-document.ts';
import { clientRequest } from '../client-request.ts';
import { DELETED, DELETED_OR_UNDER_WAY, deletionAnswer } from '../deletion.ts';
import { actOf, idOf, parsed } from '../request.ts';
import {
  clientList,
  listQuery,
  rotateRequest,
  secretDocument,
  secretList,
  toListRequest,
  toNewSecretDocument,
  toSecretDocument,
} from './wire.ts';

const CLIENTS = '/bridge/:provider/clients';
const CLIENT = `${CLIENTS}/:client_id`;
const SECRETS = `${CLIENT}/secrets`;

const EXAMPLE_REQUEST = {
  client_name: 'order sync',
  redirect_uris: ['https://app.example.com/callback'],
  scope: 'read',
};
const EXAMPLE_WITH_SECRET = { ...EXAMPLE_CLIENT, client_secret: EXAMPLE_SECRET };
const EXAMPLE_SECRET_DOCUMENT = {
  secret_id: 'sec_6MqbAvZIVYvEHF0kTVxJ5p',
  client_id: EXAMPLE_CLIENT.client_id,
  status: 'ACTIVE' as const,
  created_at: 1795307210,
  expires_at: 0,
};

export function api7Endpoints(
  context: RegistrationContext & CursorContext,
  issuer: string,
): readonly Endpoint<Caller>[] {
  const withSecret = (status: number, { client, clientSecret }: ClientAnswer): EndpointResponse => ({
    status,
    body: toClientDocument(client, issuer, clientSecret),
    secret: true,
  });
  const client200 = { description: 'The client.', schema: clientDocument, example: EXAMPLE_CLIENT };
  return [
    {
      method: 'POST',
      path: CLIENTS,
      operationId: 'createClient',
      summary: 'Register a client; its secret is in this answer and in no other',
      requestBody: { presence: 'required', schema: clientRequest, example: EXAMPLE_REQUEST },
      idempotent: true,
      responses: {
        201: { description: 'Registered.', schema: clientDocument, example: EXAMPLE_WITH_SECRET },
      },
      handle: async (request) => withSecret(201, await createClient(context, actOf(request), request.body)),
    },
    {
      method: 'GET',
      path: CLIENTS,
      operationId: 'listClients',
      summary: 'List the clients of this portal, oldest first',
      query: listQuery,
      responses: {
        200: { description: 'A page.', schema: clientList, example: { clients: [EXAMPLE_CLIENT] } },
      },
      handle: async (request) => {
        const query = parsed(listQuery, request.query, 'query_invalid');
        const { clients, nextCursor } = await listClients(context, actOf(request), toListRequest(query));
        const documents = clients.map((client) => toClientDocument(client, issuer));
        return {
          status: 200,
          body: { clients: documents, ...(nextCursor === undefined ? {} : { next_cursor: nextCursor }) },
        };
      },
    },
    {
      method: 'GET',
      path: CLIENT,
      operationId: 'readClient',
      summary: 'Read a client, without its secret',
      responses: { 200: client200 },
      handle: async (request) => {
        const client = await readClient(context, actOf(request), idOf(request));
        return { status: 200, body: toClientDocument(client, issuer) };
      },
    },
    {
      method: 'PUT',
      path: CLIENT,
      operationId: 'updateClient',
      summary: 'Change the members that are sent; the others stay',
      requestBody: { presence: 'required', schema: clientRequest, example: { client_name: 'order sync 2' } },
      responses: { 200: client200 },
      handle: async (request) => {
        const answer = await updateClient(context, actOf(request), idOf(request), request.body);
        return withSecret(200, answer);
      },
    },
    {
      method: 'POST',
      path: `${CLIENT}/rotate-secret`,
      operationId: 'rotateSecret',
      summary: 'Replace the secret; the old one stops at once unless an overlap is allowed',
      requestBody: { presence: 'optional', schema: rotateRequest, example: {} },
      idempotent: true,
      responses: { 200: { description: 'Rotated.', schema: clientDocument, example: EXAMPLE_WITH_SECRET } },
      handle: async (request) => {
        const { secret_overlap_seconds } = parsed(rotateRequest, request.body, 'metadata_invalid');
        const overlap = secret_overlap_seconds ?? undefined;
        return withSecret(200, await rotateSecret(context, actOf(request), idOf(request), overlap));
      },
    },
    {
      method: 'DELETE',
      path: CLIENT,
      operationId: 'deleteClient',
      summary: 'Delete a client; no token is issued to it from now on',
      responses: DELETED_OR_UNDER_WAY,
      handle: async (request) =>
        deletionAnswer(request, await deleteClient(context, actOf(request), idOf(request))),
    },
    {
      method: 'GET',
      path: SECRETS,
      operationId: 'listSecrets',
      summary: 'List the secrets of a client, newest first, with their use',
      responses: {
        200: {
          description: 'Without their values.',
          schema: secretList,
          example: { secrets: [EXAMPLE_SECRET_DOCUMENT] },
        },
      },
      handle: async (request) => {
        const secrets = await listSecrets(context, actOf(request), idOf(request));
        return {
          status: 200,
          body: { secrets: secrets.map((view) => toSecretDocument(idOf(request), view)) },
        };
      },
    },
    {
      method: 'POST',
      path: SECRETS,
      operationId: 'addSecret',
      summary: 'Add a secret beside the one in use',
      requestBody: { presence: 'optional', schema: z.looseObject({}), example: {} },
      idempotent: true,
      responses: {
        201: {
          description: 'Added; its value is in this answer and in no other.',
          schema: secretDocument,
          example: { ...EXAMPLE_SECRET_DOCUMENT, client_secret: EXAMPLE_SECRET },
        },
      },
      handle: async (request) => {
        const { client, clientSecret } = await addSecret(context, actOf(request), idOf(request));
        const [added] = client.secrets;
        if (added === undefined) throw new Error('a secret was added and is not there');
        const body = toNewSecretDocument(client.client_id, added, clientSecret, request.nowSeconds);
        return { status: 201, body, secret: true };
      },
    },
    {
      method: 'DELETE',
      path: `${SECRETS}/:secret_id`,
      operationId: 'deleteSecret',
      summary: 'End a secret at once',
      responses: DELETED,
      handle: async (request) => {
        await deleteSecret(context, actOf(request), idOf(request), request.params.secret_id ?? '');
        return { status: 204 };
      },
    },
  ];
}
