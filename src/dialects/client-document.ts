/**
 * The client document: one superset body, the same for create, read, update and rotate, so that every
 * portal finds its field. Times are integers, `scope` is a string, `redirect_uris` is always an array:
 * strict portals fail on anything else.
 */
import { z } from 'zod';
import { type ClientRecord, publicIdOf } from '../clients/client-record.ts';
import { type ClientMetadata, clientMetadata } from '../clients/metadata.ts';

/** In an answer a member means what it means in a request; what it may hold was judged when it came. */
const text = (member: keyof ClientMetadata) => z.string().describe(meaningOf(member));
const texts = (member: keyof ClientMetadata) => z.array(z.string()).describe(meaningOf(member));
const meaningOf = (member: keyof ClientMetadata) => clientMetadata.shape[member].description ?? '';

export const CLIENT_ID = z.string().describe('Names the client, here and where it fetches its tokens.');
export const CLIENT_SECRET = z
  .string()
  .optional()
  .describe(
    'Only in the answer to the act that made it, and in its repetition under the same Idempotency-Key.',
  );

export const clientDocument = z
  .looseObject({
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    client_id_issued_at: z.int().describe('Epoch seconds.'),
    client_secret_expires_at: z
      .int()
      .describe('Of the newest secret, epoch seconds; 0 = never (RFC 7591 section 3.2.1).'),
    client_name: text('client_name').optional(),
    description: text('description').optional(),
    redirect_uris: texts('redirect_uris'),
    grant_types: texts('grant_types'),
    response_types: texts('response_types'),
    token_endpoint_auth_method: text('token_endpoint_auth_method'),
    jwks_uri: text('jwks_uri').optional(),
    scope: z.string().describe('What was granted, space-separated.'),
    client_uri: text('client_uri').optional(),
    logo_uri: text('logo_uri').optional(),
    tos_uri: text('tos_uri').optional(),
    policy_uri: text('policy_uri').optional(),
    contacts: texts('contacts').optional(),
    labels: z.record(z.string(), z.string()).describe(meaningOf('labels')),
    issuer: z
      .string()
      .describe('The token service, ours or the identity provider, where the client fetches its tokens.'),
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
    client_id: publicIdOf(client),
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    client_id_issued_at: client.created_at,
    client_secret_expires_at: secretExpiry(client),
    issuer: client.upstream?.issuer ?? issuer,
  };
}

/** Of the newest secret, or of an upstream client's only one; epoch seconds, 0 = never. */
function secretExpiry({ upstream, secrets: [newest] }: ClientRecord): number {
  return upstream?.client_secret_expires_at ?? newest?.expires_at ?? 0;
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
