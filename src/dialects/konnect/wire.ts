/**
 * Konnect's wire objects (Kong Konnect Dev Portal, `provider_type: http`). Answers hold what its contract
 * names and nothing else; requests may hold more every month, so unknown members are let through.
 */
import { z } from 'zod';
import type { ClientEvent } from '../../registration/apply-event.ts';

const text = z.string().max(2048);

export const createRequest = z
  .looseObject({
    client_name: text.nullish(),
    application_description: z.string().nullish(),
    redirect_uris: z.array(z.string()).nullish(),
    grant_types: z.array(z.string()).nullish(),
    scopes: z.array(z.string()).nullish(),
    token_endpoint_auth_method: text.nullish(),
  })
  .meta({ id: 'KonnectCreateRequest' });

/** A replayed answer whose secret is no longer kept has none. */
export const createdClient = z
  .strictObject({
    client_id: z.string(),
    client_secret: z.string().optional(),
    client_id_issued_at: z.int().optional(),
    client_secret_expires_at: z.int().optional(),
  })
  .meta({ id: 'KonnectClient' });

export const newSecret = z
  .strictObject({ client_id: z.string(), client_secret: z.string().optional() })
  .meta({ id: 'KonnectNewSecret' });

export const secretDocument = z
  .strictObject({
    secret_id: z.string(),
    client_id: z.string(),
    client_secret: z.string().optional(),
    status: z.enum(['ACTIVE', 'INACTIVE']).optional(),
    created_at: z.int().optional(),
    expires_at: z.int().optional(),
  })
  .meta({ id: 'KonnectSecret' });

export const secretList = z
  .strictObject({ secrets: z.array(secretDocument) })
  .meta({ id: 'KonnectSecretList' });

export const eventRequest = z
  .looseObject({
    event_type: z.enum(['update_application', 'add_registration', 'remove_registration']),
    application_name: text.nullish(),
    application_description: z.string().nullish(),
    client_name: text.nullish(),
    redirect_uris: z.array(z.string()).nullish(),
    audience: z.union([text, z.array(text)]).nullish(),
  })
  .meta({ id: 'KonnectEvent' });

/**
 * The member that holds the id of what was subscribed to has changed its name between versions, so every
 * top-level id is taken for a name that the rules may know. Names and descriptions are not: a developer
 * chooses them, and an application called like a resource must not be given it.
 */
export function toEvent(event: z.output<typeof eventRequest>): ClientEvent {
  const { event_type, ...members } = event;
  if (event_type === 'update_application') {
    const { application_name, client_name, name, redirect_uris, application_description } = members;
    return {
      type: 'updated',
      members: {
        client_name: application_name ?? client_name ?? name,
        redirect_uris,
        description: application_description,
      },
    };
  }
  const names = Object.entries(members)
    .filter(([member]) => member === 'audience' || /(?:^|_)ids?$/.test(member))
    .flatMap(([, value]) => value)
    .filter((value): value is string => typeof value === 'string');
  return { type: event_type === 'add_registration' ? 'access_added' : 'access_removed', names };
}
