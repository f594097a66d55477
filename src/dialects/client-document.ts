/**
 * The client document: one superset body, the same for create, read, update and rotate, so that every
 * portal finds its field. Times are integers, `scope` is a string, `redirect_uris` is always an array:
 * strict portals fail on anything else.
 */
import { z } from 'zod';
import type { ClientRecord } from '../clients/client-record.ts';

const uri = z.string().optional();

export const clientDocument = z
  .looseObject({
    client_id: z.string(),
    client_secret: z.string().optional().meta({ description: 'Only in the answer to the act that made it.' }),
    client_id_issued_at: z.int().meta({ description: 'Epoch seconds.' }),
    client_secret_expires_at: z
      .int()
      .meta({ description: 'Of the newest secret, epoch seconds; 0 = never (RFC 7591 section 3.2.1).' }),
    client_name: z.string().optional(),
    description: z.string().optional(),
    redirect_uris: z.array(z.string()),
    grant_types: z.array(z.string()),
    response_types: z.array(z.string()),
    token_endpoint_auth_method: z.string(),
    scope: z.string().meta({ description: 'What was granted, space-separated.' }),
    client_uri: uri,
    logo_uri: uri,
    tos_uri: uri,
    policy_uri: uri,
    contacts: z.array(z.string()).optional(),
    labels: z.record(z.string(), z.string()),
    issuer: z.string().meta({ description: 'The token service where the client fetches its tokens.' }),
  })
  .meta({ id: 'Client', description: 'Members that we do not know are kept and returned as they came.' });

type ClientDocument = z.input<typeof clientDocument>;

/** `clientSecret` only in the answer to the act that made it. */
export function toClientDocument(
  client: ClientRecord,
  issuer: string,
  clientSecret?: string,
): ClientDocument {
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

export const EXAMPLE_CLIENT: ClientDocument = {
  client_id: 'cl_1cTLxJdKtEmBtCkLYIHRDG',
  client_id_issued_at: 1795307210,
  client_secret_expires_at: 0,
  client_name: 'order sync',
  redirect_uris: ['https://app.example.com/callback'],
  grant_types: ['client_credentials'],
  response_types: [],
  token_endpoint_auth_method: 'client_secret_basic',
  scope: 'read',
  labels: { application_id: 'app-7' },
  issuer: 'https://auth.example.com',
};

export const EXAMPLE_SECRET = 'dcrs_a_secret_is_shown_once';
