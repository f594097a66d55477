/**
 * The client document of the HTTP Bridge: one superset body, the same for create, read, update and rotate,
 * so that every portal finds its field. Times are integers, `scope` is a string, `redirect_uris` is always
 * an array: strict portals fail on anything else.
 */
import { z } from 'zod';
import type { ClientRecord } from '../../clients/client-record.ts';

export const clientDocument = z.looseObject({
  client_id: z.string(),
  client_secret: z.string().optional(),
  client_id_issued_at: z.int(),
  /** Of the newest secret; 0 = never (RFC 7591 section 3.2.1). */
  client_secret_expires_at: z.int(),
  client_name: z.string().optional(),
  redirect_uris: z.array(z.string()),
  grant_types: z.array(z.string()),
  response_types: z.array(z.string()),
  token_endpoint_auth_method: z.string(),
  scope: z.string(),
  labels: z.record(z.string(), z.string()),
  /** Where the client fetches its tokens. */
  issuer: z.string(),
});

/** `clientSecret` only in the answer to the act that made it. */
export function toClientDocument(
  client: ClientRecord,
  issuer: string,
  clientSecret?: string,
): z.input<typeof clientDocument> {
  const { extension, scope, ...metadata } = client.metadata;
  return {
    // First, so that no unknown member of a portal's can stand in for one of ours.
    ...extension,
    ...metadata,
    scope: scope ?? '',
    client_id: client.client_id,
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    client_id_issued_at: client.created_at,
    client_secret_expires_at: client.secrets[0]?.expires_at ?? 0,
    issuer,
  };
}
