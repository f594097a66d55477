/**
 * Which claims a resource may add to its tokens, and from what. Claims that say who issued a token, for
 * whom, or what it allows are ours alone: a portal chooses labels, and a label must never become one of
 * them (S-JWT-03). What a person is called has no place in a machine's token either.
 */
import { z } from 'zod';

/** Names of the IANA registry "JSON Web Token Claims" by where they come from, and header names. */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set(
  [
    'iss sub aud exp nbf iat jti', // RFC 7519
    'client_id azp scope cnf act may_act', // RFC 8693, RFC 9068, RFC 7800, OpenID Connect
    'authorization_details roles groups entitlements', // RFC 9396, RFC 9068 section 2.2.3.1
    'auth_time acr amr nonce at_hash c_hash s_hash sid events toe txn sub_id sub_jwk', // sign-in and event tokens
    'typ alg kid jku jwk x5c x5u x5t crit', // JOSE headers, which some gateways look for in the payload
    'active username token_type', // RFC 7662: members of an introspection answer
    'status', // Token Status List
    'name given_name family_name middle_name nickname preferred_username profile picture website', // OpenID Connect
    'email email_verified phone_number phone_number_verified gender birthdate zoneinfo locale address updated_at',
  ].flatMap((names) => names.split(' ')),
);

const LABEL = '[A-Za-z0-9][A-Za-z0-9._-]{0,62}';
const EXTENSION = '[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}';
const TEMPLATE = new RegExp(
  `^(?:[^{}]|\\{(?:labels\\.${LABEL}|extension\\.${EXTENSION}|client_id|client_name|portal)\\})*$`,
  'u',
);

const claimName = z
  .string()
  .regex(/^[\x21-\x7e]{1,100}$/, { error: 'claim names are 1 to 100 visible ASCII characters' })
  .refine((name) => !RESERVED_CLAIMS.has(name), {
    error:
      'this claim is reserved: a mapping must not set what a token says of its issuer, its client or its rights',
  });

const claimTemplate = z.string().max(1000).regex(TEMPLATE, {
  error:
    'may only have the places {labels.NAME}, {extension.NAME}, {client_id}, {client_name} and {portal}; other braces are not allowed',
});

export const claimMapping = z.record(claimName, z.union([claimTemplate, z.number(), z.boolean()]));
