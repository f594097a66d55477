/**
 * What a client says of itself (RFC 7591 section 2), as it is kept: normalised, within bounds, every
 * default recorded explicitly. What it may *do* with that is decided in `registration/policy.ts`.
 */
import { z } from 'zod';
import { isPrintable, printableText } from '../lib/text.ts';
import { certificateSubjects } from './certificate-subject.ts';
import { clientJwks, clientSigningAlg } from './client-jwks.ts';
import { jwksUri } from './jwks-uri.ts';
import { redirectUri } from './redirect-uri.ts';

/** Bounds (C-18): generous for a person, useless for someone who wants to fill the store. */
export const LIMITS = {
  nameCharacters: 100,
  descriptionCharacters: 1000,
  uriCharacters: 2048,
  arrayItems: 20,
  scopeCharacters: 1000,
  labels: 32,
  labelValueCharacters: 255,
  extensionBytes: 8 * 1024,
  extensionMembers: 32,
} as const;

/** RFC 6749 section 3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`. */
export const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * `URL.parse` alone would not do: it drops line breaks and tabs and takes blanks off the ends, and what is
 * kept is the text as it came.
 */
const httpsUri = z
  .string()
  .max(LIMITS.uriCharacters, { abort: true })
  .refine((text) => /^https:\/\/\S+$/i.test(text) && isPrintable(text) && URL.parse(text)?.username === '', {
    error: 'must be an https URI',
  });

const LABEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Each description is what a portal's developer reads in the API description, of requests and of answers. */
export const clientMetadata = z.object({
  client_name: printableText(LIMITS.nameCharacters).optional().describe('What people call the client.'),
  description: printableText(LIMITS.descriptionCharacters)
    .optional()
    .describe('What the client is for, to people.'),
  redirect_uris: z
    .array(redirectUri(LIMITS.uriCharacters))
    .max(LIMITS.arrayItems)
    .default([])
    .describe(
      'Kept as they are sent; nothing is redirected to while the only grant is `client_credentials`.',
    ),
  /** RFC 7591 section 2 defaults to `authorization_code`; a service for machines defaults to this (C-01). */
  grant_types: z
    .array(z.string().max(100))
    .max(LIMITS.arrayItems)
    .default(['client_credentials'])
    .describe("Grants of the client; portals' own words `bearer` and `session` grant nothing."),
  response_types: z
    .array(z.string().max(100))
    .max(LIMITS.arrayItems)
    .default([])
    .describe('Empty in every answer: no grant here uses an authorization endpoint.'),
  /** RFC 7591 section 2: "If unspecified or omitted, the default is client_secret_basic". */
  token_endpoint_auth_method: z
    .string()
    .max(100)
    .default('client_secret_basic')
    .describe('How the client authenticates where it fetches tokens.'),
  token_endpoint_auth_signing_alg: clientSigningAlg
    .optional()
    .describe('The only algorithm of its assertions. Absent: every one that a key of it can sign with.'),
  /** RFC 9449 section 5.2. */
  dpop_bound_access_tokens: z
    .boolean()
    .optional()
    .describe('True: the client gets only tokens that are bound to a key of it (DPoP).'),
  /** RFC 8705 section 3.4. */
  tls_client_certificate_bound_access_tokens: z
    .boolean()
    .optional()
    .describe('True: the client gets only tokens that are bound to the certificate that it shows.'),
  ...certificateSubjects,
  jwks: clientJwks.optional().describe('The public keys by which the client authenticates.'),
  jwks_uri: jwksUri
    .optional()
    .describe(
      'Where those keys are fetched from, https, in the place of `jwks`; where the operator lets the portal have it.',
    ),
  /** RFC 6749 section 3.3. Absent: the portal's `default_scopes`. */
  scope: z
    .string()
    .max(LIMITS.scopeCharacters, { abort: true })
    .refine((text) => text === '' || text.split(' ').every((token) => SCOPE_TOKEN.test(token)), {
      error: 'must be scope tokens separated by single spaces',
    })
    .optional()
    .describe('What the client may ask tokens for, space-separated.'),
  client_uri: httpsUri.optional().describe('Home page of the client, https.'),
  logo_uri: httpsUri.optional().describe('Logo of the client, https; kept and never fetched.'),
  tos_uri: httpsUri.optional().describe('Terms of service of the client, https.'),
  policy_uri: httpsUri.optional().describe('Privacy policy of the client, https.'),
  contacts: z
    .array(z.email().max(254))
    .max(LIMITS.arrayItems)
    .optional()
    .describe('E-mail addresses of those who answer for the client.'),
  labels: z
    .record(
      z.string().regex(LABEL_NAME, { error: 'label names are 1 to 63 of A-Z, a-z, 0-9, ".", "_" and "-"' }),
      printableText(LIMITS.labelValueCharacters),
    )
    .refine((labels) => Object.keys(labels).length <= LIMITS.labels, {
      error: `at most ${LIMITS.labels} labels`,
    })
    .default({})
    .describe('Names and values of the portal; listings filter by them, tokens may carry them as claims.'),
  /** Members that we do not know: kept and returned as they came, never interpreted. */
  extension: z.record(z.string(), z.unknown()).default({}),
});

export type ClientMetadata = z.output<typeof clientMetadata>;
