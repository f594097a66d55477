/**
 * The Konnect dialect: a table of routes onto the registration core. It maps fields and statuses and holds
 * no rule of its own.
 */

import { z } from 'zod';
import { publicIdOf } from '../../clients/client-record.ts';
import { isValidAt, type Secret } from '../../clients/secret.ts';
import type { Endpoint } from '../../lib/endpoint.ts';
import type { Caller } from '../../portals/caller.ts';
import { applyEvent } from '../../registration/apply-event.ts';
import type { RegistrationContext } from '../../registration/context.ts';
import { createClient } from '../../registration/create.ts';
import { deleteClient } from '../../registration/delete.ts';
import { rotateSecret } from '../../registration/rotate-secret.ts';
import { addSecret, deleteSecret, listSecrets } from '../../registration/secrets.ts';
import { EXAMPLE_CLIENT, EXAMPLE_SECRET } from '../client-document.ts';
import { DELETED, DELETED_OR_UNDER_WAY, deletionAnswer } from '../deletion.ts';
import { actOf, type DialectRequest, idOf, parsed } from '../request.ts';
import { createRequest, toMetadata } from './create-request.ts';
import { clientWithSecret, dateTime, eventRequest, secretDocument, secretList, toEvent } from './wire.ts';

const BASE = '/konnect/:provider';
const CLIENT = `${BASE}/:client_id`;
const SECRETS = `${CLIENT}/secrets`;

const ID = { client_id: EXAMPLE_CLIENT.client_id };
const WITH_SECRET = { ...ID, client_secret: EXAMPLE_SECRET };
const SECRET_ID = 'sec_6MqbAvZIVYvEHF0kTVxJ5p';
const MADE_AT = dateTime(EXAMPLE_CLIENT.client_id_issued_at);
const anything = z.looseObject({});

export function konnectEndpoints(context: RegistrationContext): readonly Endpoint<Caller>[] {
  return [
    {
      method: 'POST',
      path: BASE,
      operationId: 'konnectCreateClient',
      summary: 'Register a client for a Konnect application',
      requestBody: {
        presence: 'required',
        schema: createRequest,
        example: {
          client_name: 'order sync',
          redirect_uris: [],
          grant_types: ['client_credentials'],
          scopes: ['read'],
          token_endpoint_auth_method: 'client_secret_basic',
          application_description: 'syncs orders',
          portal_id: '426ac0a7-aeb6-4043-a404-c4bfe24f2705',
        },
      },
      idempotent: true,
      responses: { 201: { description: 'Registered.', schema: clientWithSecret, example: WITH_SECRET } },
      handle: async (request) => {
        const members = toMetadata(request.body);
        const { client, clientSecret } = await createClient(context, actOf(request), members);
        return { status: 201, body: secretAnswer(publicIdOf(client), clientSecret), secret: true };
      },
    },
    {
      method: 'DELETE',
      path: CLIENT,
      operationId: 'konnectDeleteClient',
      summary: 'Delete a client',
      responses: DELETED_OR_UNDER_WAY,
      handle: async (request) =>
        deletionAnswer(request, await deleteClient(context, actOf(request), idOf(request))),
    },
    {
      method: 'POST',
      path: `${CLIENT}/new-secret`,
      operationId: 'konnectNewSecret',
      summary: 'Replace the secret; the old one is unusable at once',
      requestBody: { presence: 'optional', schema: anything, example: {} },
      idempotent: true,
      responses: { 200: { description: 'Replaced.', schema: clientWithSecret, example: WITH_SECRET } },
      handle: async (request) => {
        const { client, clientSecret } = await rotateSecret(context, actOf(request), idOf(request), 0);
        return { status: 200, body: secretAnswer(client.client_id, clientSecret), secret: true };
      },
    },
    {
      method: 'POST',
      path: `${CLIENT}/event-hook`,
      operationId: 'konnectEvent',
      summary: 'Hear of a rename, or of access to an API given or taken',
      requestBody: {
        presence: 'required',
        schema: eventRequest,
        example: { event_type: 'remove_registration', audience: 'https://api.example.com' },
      },
      responses: { 200: { description: 'Applied.', schema: z.strictObject({}), example: {} } },
      handle: async (request) => {
        const event = toEvent(parsed(eventRequest, request.body, 'metadata_invalid'));
        await applyEvent(context, actOf(request), idOf(request), event);
        return { status: 200, body: {} };
      },
    },
    {
      method: 'GET',
      path: SECRETS,
      operationId: 'konnectListSecrets',
      summary: 'List the secrets of a client',
      responses: {
        200: {
          description: 'Without their values.',
          schema: secretList,
          example: { secrets: [{ secret_id: SECRET_ID, ...ID, status: 'ACTIVE', created_at: MADE_AT }] },
        },
      },
      handle: async (request) => {
        const views = await listSecrets(context, actOf(request), idOf(request));
        const secrets = views.map(({ secret }) => toSecretDocument(request, secret));
        return { status: 200, body: { secrets } };
      },
    },
    {
      method: 'POST',
      path: SECRETS,
      operationId: 'konnectAddSecret',
      summary: 'Add a secret beside the one in use',
      requestBody: { presence: 'optional', schema: anything, example: {} },
      idempotent: true,
      responses: {
        201: {
          description: 'Added.',
          schema: secretDocument,
          example: { secret_id: SECRET_ID, ...WITH_SECRET, created_at: MADE_AT },
        },
      },
      handle: async (request) => {
        const { client, clientSecret } = await addSecret(context, actOf(request), idOf(request));
        const [added] = client.secrets;
        if (added === undefined) throw new Error('a secret was added and is not there');
        const { status: _, ...document } = toSecretDocument(request, added);
        return {
          status: 201,
          body: { ...document, ...secretAnswer(client.client_id, clientSecret) },
          secret: true,
        };
      },
    },
    {
      method: 'DELETE',
      path: `${SECRETS}/:secret_id`,
      operationId: 'konnectDeleteSecret',
      summary: 'End a secret at once',
      responses: DELETED,
      handle: async (request) => {
        await deleteSecret(context, actOf(request), idOf(request), request.params.secret_id ?? '');
        return { status: 204 };
      },
    },
  ];
}

function secretAnswer(client_id: string, client_secret: string | undefined) {
  return client_secret === undefined ? { client_id } : { client_id, client_secret };
}

function toSecretDocument(request: DialectRequest, secret: Secret) {
  const { secret_id, created_at, expires_at } = secret;
  const status = isValidAt(secret, request.nowSeconds) ? 'ACTIVE' : 'INACTIVE';
  const end = expires_at === 0 ? {} : { expires_at: dateTime(expires_at) };
  return { secret_id, client_id: idOf(request), status, created_at: dateTime(created_at), ...end };
}
