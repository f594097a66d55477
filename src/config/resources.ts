/** Resources: the APIs that tokens are for, by their identifier (RFC 8707 section 2). */
import { z } from 'zod';
import { isClientId } from '../clients/client-id.ts';
import { SCOPE_TOKEN } from '../clients/metadata.ts';
import { signingAlg } from '../keys/signing-alg.ts';
import { claimMapping } from './claim-mapping.ts';
import { distinct } from './distinct.ts';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/** A key stays published longer than any token that it signed (S-JWT-11): the ring counts on this bound. */
export const MAX_TOKEN_LIFETIME_SECONDS = DAY;

export const resourceIdentifier = z
  .string()
  .max(2048)
  .regex(/^[A-Za-z][A-Za-z0-9+.-]*:[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/, {
    error:
      'must be an absolute URI without a fragment, for example https://api.example.com (RFC 8707 section 2)',
  });

export const scopeToken = z.string().max(100).regex(SCOPE_TOKEN, {
  error: 'must be a scope token: visible ASCII without blanks, quotes and backslashes (RFC 6749 section 3.3)',
});

const readerName = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, {
  error: 'must be 1 to 64 letters, digits, dots, hyphens and underscores',
});

const resourceAlg = z.enum(signingAlg.options, {
  error: ({ input }) => `must be one of ${signingAlg.options.join(', ')}${whyNot(input)}`,
});

/** S-JWT-07. */
function whyNot(alg: unknown): string {
  if (typeof alg !== 'string') return '';
  if (alg.toLowerCase() === 'none')
    return '; "none" is no signature: anybody could make tokens (RFC 8725 section 3.2)';
  if (/^hs/i.test(alg)) return '; with HS* whoever can check a token could make one (RFC 8725 section 3.2)';
  return '';
}

const clientId = z.string().refine(isClientId, {
  error: 'must be the id of a client, as its registration answered it',
});

export const resource = z.strictObject({
  scopes: distinct(scopeToken).meta({
    description: 'Every scope that this API knows.',
    examples: [['read', 'write']],
  }),
  audience: z
    .string()
    .regex(/^[\x21-\x7e]{1,2048}$/, { error: 'must be visible ASCII without blanks' })
    .optional()
    .meta({ description: 'The `aud` of its tokens. Default: the identifier of the resource.' }),
  token_lifetime_seconds: z
    .int()
    .min(MINUTE)
    .max(MAX_TOKEN_LIFETIME_SECONDS)
    .default(10 * MINUTE)
    .meta({ description: "How long a token is valid. A token can't be called back: keep it short." }),
  token_reuse_share: z.number().min(0).max(0.9).default(0).meta({
    description:
      'For which share of its life the same token is answered to a client that asks again for the same scope; `expires_in` is what is left. 0: each answer is a new token. Saves the signature for clients that ask before every call; whoever revokes such a token revokes it for all that got it.',
  }),
  signing_alg: resourceAlg.default('RS256').meta({
    description:
      'How its tokens are signed. Every gateway takes RS256; API7 and APISIX nothing else. ML-DSA (RFC 9964, post-quantum) makes tokens of 4 to 5 KB.',
  }),
  introspection_clients: distinct(clientId)
    .default([])
    .meta({
      description:
        'Ids of the clients that are this API itself, registered like any other: they may ask at `/oauth2/introspect` what its tokens are worth. Nobody else learns anything there.',
      examples: [['cl_1cTLxJdKtEmBtCkLYIHRDG']],
    }),
  status_list: z.boolean().default(false).meta({
    description:
      'Whether its tokens have a place in a Token Status List (claim `status`): a gateway that reads such lists then learns of a revoked token within a minute. About 130 bytes more in each token.',
  }),
  readers: distinct(readerName)
    .max(32)
    .default([])
    .meta({
      description:
        'Who fetches the JWKS to verify its tokens, as they call themselves: `/.well-known/jwks.json?reader=NAME` or the header `X-JWKS-Reader`. A new key waits until each has fetched it, at most `key_reader_wait_seconds`.',
      examples: [['edge-gateway-1', 'edge-gateway-2']],
    }),
  claims: claimMapping.default({}).meta({
    description:
      'Further claims of its tokens: constants, or texts with the places `{labels.NAME}`, `{extension.NAME}`, `{client_id}`, `{client_name}` and `{portal}`.',
    examples: [{ application_id: '{labels.application_id}' }],
  }),
});
