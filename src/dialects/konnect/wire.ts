/**
 * Konnect's other wire objects (Kong Konnect Dev Portal, `provider_type: http`). Answers hold what its contract
 * names and nothing else; requests may hold more every month, so unknown members are let through.
 *
 * Times, by Kong's published `openapi.yaml` 0.1.0 and the handler published beside it:
 * - of a client: the document says date-time, the handler sends epoch seconds, and both leave them optional.
 *   A reader that is strict about either can't be pleased by the other, so they are not sent.
 * - of a secret: document and handler both have date-time, so that is what is sent.
 */
import { z } from 'zod';
import type { ClientEvent } from '../../registration/apply-event.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../client-document.ts';

const text = z.string().max(2048);

/** Of a create and of a rotation. A repeated answer whose secret is no longer kept has none. */
export const clientWithSecret = z
  .strictObject({ client_id: CLIENT_ID, client_secret: CLIENT_SECRET })
  .meta({ id: 'KonnectClient', description: 'A client and its new secret.' });

export const secretDocument = z
  .strictObject({
    secret_id: z.string().describe('Names the secret; it is not the secret.'),
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    status: z.enum(['ACTIVE', 'INACTIVE']).optional().describe('Whether the secret opens anything now.'),
    created_at: z.iso.datetime().describe('When it was made.'),
    expires_at: z.iso.datetime().optional().describe('When it ends; absent = never.'),
  })
  .meta({ id: 'KonnectSecret', description: 'One secret of a client.' });

export const secretList = z
  .strictObject({ secrets: z.array(secretDocument).describe('Newest first, without their values.') })
  .meta({ id: 'KonnectSecretList', description: 'The secrets of a client.' });

export const eventRequest = z
  .looseObject({
    event_type: z
      .enum(['update_application', 'add_registration', 'remove_registration'])
      .describe('What has happened in the portal.'),
    application_name: text.nullish().describe('Of an update: the new name.'),
    application_description: z.string().nullish().describe('Of an update: the new description.'),
    client_name: text.nullish().describe('Another name of `application_name`, which wins over it.'),
    redirect_uris: z.array(z.string()).nullish().describe('Of an update: the new redirect URIs.'),
    audience: z
      .union([text, z.array(text)], { error: 'must be a string or an array of strings' })
      .nullish()
      .describe('Of a registration: the API, by its resource identifier or a name that `on_event` maps.'),
  })
  .meta({
    id: 'KonnectEvent',
    description:
      'An application was changed, or was given or denied an API. Any member that ends in `_id` may name the API.',
  });

/** Epoch seconds as RFC 3339 has it, which is OpenAPI's date-time. */
export function dateTime(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString();
}

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
