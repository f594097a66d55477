/**
 * How a client may authenticate: by a method that its portal's policy names, and with all that the method
 * needs in the same document (RFC 7591 section 2).
 */
import { usesKeySet, usesSecret } from '../clients/auth-method.ts';
import { CERTIFICATE_SUBJECTS, subjectsOf } from '../clients/certificate-subject.ts';
import { algsOf } from '../clients/client-jwks.ts';
import { type JwksUriRules, jwksUriProblem } from '../clients/jwks-uri.ts';
import type { ClientMetadata } from '../clients/metadata.ts';
import type { Problem } from '../lib/refusal.ts';
import type { ProviderType, RegistrationPolicy } from './policy.ts';

/** `none` is in no policy: a public client can never use `client_credentials` (RFC 6749 section 4.4). */
export function authenticationProblems(
  metadata: ClientMetadata,
  {
    token_endpoint_auth_methods: named,
    jwks_uri_rules: rules,
  }: Pick<RegistrationPolicy, 'token_endpoint_auth_methods' | 'jwks_uri_rules'>,
  provider: ProviderType,
): Problem[] {
  return [...methodProblems(metadata, named, provider), ...jwksUriProblems(metadata, rules)];
}

function methodProblems(
  metadata: ClientMetadata,
  named: readonly string[],
  provider: ProviderType,
): Problem[] {
  const { token_endpoint_auth_method: method } = metadata;
  // An upstream provider's clients are given a secret by it, or are of no use to a portal.
  const allowed = named.filter(
    (each) => provider === 'local' || usesSecret({ token_endpoint_auth_method: each }),
  );
  if (!allowed.includes(method)) {
    const message = `must be one of ${allowed.join(', ')} (this portal's policy)`;
    return [{ path: 'token_endpoint_auth_method', message }];
  }
  switch (method) {
    case 'private_key_jwt':
      return keyProblems(metadata);
    case 'tls_client_auth':
      return subjectProblems(metadata);
    case 'self_signed_tls_client_auth':
      return hasKeys(metadata) ? [] : [{ path: 'jwks', message: `is required by ${method}` }];
    default:
      return [];
  }
}

/** RFC 8705 section 2.1.2: exactly one. */
function subjectProblems(metadata: ClientMetadata): Problem[] {
  if (Object.keys(subjectsOf(metadata)).length === 1) return [];
  const message = `needs exactly one of ${CERTIFICATE_SUBJECTS.join(', ')}`;
  return [{ path: 'token_endpoint_auth_method', message }];
}

function hasKeys({ jwks, jwks_uri }: ClientMetadata): boolean {
  return jwks !== undefined || jwks_uri !== undefined;
}

function keyProblems(metadata: ClientMetadata): Problem[] {
  const { jwks, token_endpoint_auth_signing_alg: alg } = metadata;
  if (!hasKeys(metadata)) return [{ path: 'jwks', message: 'is required by private_key_jwt' }];
  // What is fetched is not known here, and may be different every hour.
  if (jwks === undefined) return [];
  const usable = jwks.keys.some((jwk) =>
    jwk.alg === undefined ? alg === undefined || algsOf(jwk).includes(alg) : (alg ?? jwk.alg) === jwk.alg,
  );
  if (usable) return [];
  return [{ path: 'token_endpoint_auth_signing_alg', message: 'is not an algorithm of any of the keys' }];
}

/** RFC 7591 section 2: keys by value or by reference, never both. */
function jwksUriProblems(metadata: ClientMetadata, rules: JwksUriRules): Problem[] {
  const { jwks, jwks_uri } = metadata;
  if (jwks_uri === undefined) return [];
  if (jwks !== undefined) {
    const both = 'must not be sent together: send one of jwks and jwks_uri';
    return ['jwks', 'jwks_uri'].map((path) => ({ path, message: both }));
  }
  const message = usesKeySet(metadata)
    ? jwksUriProblem(jwks_uri, rules)
    : 'is only for private_key_jwt and self_signed_tls_client_auth; leave it out';
  return message === undefined ? [] : [{ path: 'jwks_uri', message }];
}
