/**
 * The client information response (RFC 7591 section 3.2.1, RFC 7592 section 3): the client document with
 * where and with what the client is managed. Complete in every answer, because portals like Gravitee
 * replace what they keep with whatever came last.
 */
import { z } from 'zod';
import { clientDocument } from '../client-document.ts';

export const registrationDocument = z
  .looseObject({
    ...clientDocument.shape,
    // Said again: a portal whose policy wants secrets back gets them here.
    client_secret: z
      .string()
      .optional()
      .describe(
        'In the answer to the act that made it; after that only to a portal whose policy keeps secrets.',
      ),
    registration_client_uri: z.string().describe('Where this client is read, updated and deleted.'),
    registration_access_token: z
      .string()
      .describe('For this client alone. Stable: reads and updates do not change it.'),
  })
  .meta({
    id: 'ClientRegistration',
    description: 'The client with where and with what it is managed, complete in every answer.',
  });
