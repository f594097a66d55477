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
    registration_client_uri: z.string(),
    registration_access_token: z
      .string()
      .meta({ description: 'Stable: reads and updates do not change it.' }),
  })
  .meta({ id: 'ClientRegistration' });
