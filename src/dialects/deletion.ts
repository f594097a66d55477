/**
 * The answers to a delete: done, or under way at the client's identity provider. In both cases the client is
 * deleted here; a portal that takes every 2xx for done is right about what it can see.
 */
import { z } from 'zod';
import type { EndpointResponse } from '../lib/endpoint.ts';
import type { deleteClient } from '../registration/delete.ts';
import { EXAMPLE_CLIENT } from './client-document.ts';
import { type DialectRequest, idOf } from './request.ts';

const pendingDeletion = z
  .strictObject({
    client_id: z.string().meta({ description: 'The client that is deleted here.' }),
    state: z.enum(['deleting', 'unmanageable']).meta({
      description:
        '`deleting`: it is tried until the identity provider agrees. `unmanageable`: the provider does not let us; its operator has to remove the client there.',
    }),
  })
  .meta({ id: 'PendingDeletion', description: 'A delete that its identity provider has not agreed to yet.' });

export const DELETED = { 204: { description: 'Done; no body.', schema: null } };

export const DELETED_OR_UNDER_WAY = {
  ...DELETED,
  202: {
    description: 'Deleted here; the identity provider has not removed it yet. Ask again to hear.',
    schema: pendingDeletion,
    example: { client_id: EXAMPLE_CLIENT.client_id, state: 'deleting' },
  },
};

export function deletionAnswer(
  request: DialectRequest,
  state: Awaited<ReturnType<typeof deleteClient>>,
): EndpointResponse {
  if (state === 'deleted') return { status: 204 };
  return { status: 202, body: { client_id: idOf(request), state } };
}
