/**
 * What a portal's clients may be: one pure function over the *whole resulting* document, the same for
 * create and update, so that no path of change is judged by less than a create (S-DCR-04, S-MGT-06).
 *
 * It refuses what exceeds the portal's policy; it never narrows silently and never widens by omission.
 */

import type { JwksUriRules } from '../clients/jwks-uri.ts';
import type { MergedMetadata } from '../clients/merge-metadata.ts';
import type { ClientMetadata } from '../clients/metadata.ts';
import { strictRedirectUriProblem } from '../clients/strict-redirect-uri.ts';
import { type Problem, Refusal } from '../lib/refusal.ts';
import { authenticationProblems } from './authentication-policy.ts';

/** The part of a portal's policy that registration asks for. */
export interface RegistrationPolicy {
  readonly providers: readonly string[];
  readonly grant_types: readonly string[];
  /** Ceiling of what a client's `scope` may name. */
  readonly scopes: readonly string[];
  /** How its clients may authenticate at the token endpoint. */
  readonly token_endpoint_auth_methods: readonly string[];
  /** Which `jwks_uri` its clients may have. */
  readonly jwks_uri_rules: JwksUriRules;
  /** What a client that asks for no scope is granted. */
  readonly default_scopes: readonly string[];
  /** `inert`: redirect URIs are judged strictly only for a client that something redirects to. */
  readonly redirect_uri_rule: 'inert' | 'strict';
  /** Hosts that a redirect URI may have where it is judged strictly (`lib/host-pattern.ts`). */
  readonly redirect_uri_hosts: readonly string[];
  /** Resource identifiers that the portal's clients may ask tokens for. */
  readonly resources: readonly string[];
  /** How many clients the portal may have at a time. */
  readonly max_clients: number;
  /** How many secrets of a client may be valid at a time. */
  readonly max_secrets: number;
  /** Longest time that a rotated secret stays valid beside the new one, seconds. */
  readonly secret_overlap_seconds: number;
  /** `recoverable`: kept sealed too, for a portal that must be able to show a secret again. */
  readonly secret_storage: 'hashed' | 'recoverable';
}

/** Portals' own words for "an API key" and "a login session": no OAuth grants, so they grant nothing. */
const PORTAL_WORDS = new Set(['bearer', 'session']);
/** All that our own token service can do: it has no authorization endpoint. */
const LOCAL_GRANTS = ['client_credentials'];
const REDIRECT_GRANT = 'authorization_code';

/** Where the client lives: our own token service, or an upstream identity provider. */
export type ProviderType = 'local' | 'oidc';

/**
 * Returns the metadata as it will be kept. Throws `Refusal` with every problem, the document's own included:
 * `redirect_uri_invalid` when only redirect URIs are wrong, else `metadata_invalid` (RFC 7591 section 3.2.2).
 */
export function applyPolicy(
  { metadata, problems }: MergedMetadata,
  policy: RegistrationPolicy,
  provider: ProviderType,
): ClientMetadata {
  const named = new Set(metadata.grant_types.filter((grant) => !PORTAL_WORDS.has(grant)));
  const grantTypes = named.size > 0 ? [...named] : ['client_credentials'];
  const redirects = grantTypes.includes(REDIRECT_GRANT);
  const document = { ...metadata, grant_types: grantTypes };
  const scopes = metadata.scope?.split(' ').filter(Boolean) ?? policy.default_scopes;
  const wrongGrants = grantTypeProblems(grantTypes, policy, provider);
  const beyondPolicy = [
    ...wrongGrants,
    // What a grant asks for is of no interest to who may not have it.
    ...(redirects && wrongGrants.length === 0 ? codeGrantProblems(document) : []),
    ...(redirects || policy.redirect_uri_rule === 'strict' ? redirectUriProblems(document, policy) : []),
    ...authenticationProblems(metadata, policy, provider),
    ...scopeProblems(scopes, policy),
  ];
  // What is wrong in itself was left out of `metadata`: nobody is to be told that it is missing, too.
  const wrong = new Set(problems.map(memberOf));
  if (wrong.has('jwks_uri')) wrong.add('jwks');
  const all = [...problems, ...beyondPolicy.filter((problem) => !wrong.has(memberOf(problem)))];
  if (all.length > 0) {
    const onlyRedirects = all.every(({ path }) => path.startsWith('redirect_uris'));
    throw new Refusal(onlyRedirects ? 'redirect_uri_invalid' : 'metadata_invalid', { problems: all });
  }
  return {
    ...document,
    // Without a redirect-based grant nothing may come back from an authorization endpoint.
    response_types: redirects ? ['code'] : [],
    scope: [...new Set(scopes)].join(' '),
  };
}

function memberOf({ path }: Problem): string {
  return path.split(/[.[]/, 1)[0] ?? path;
}

function grantTypeProblems(
  grantTypes: readonly string[],
  policy: RegistrationPolicy,
  provider: ProviderType,
): Problem[] {
  const allowed = policy.grant_types.filter((grant) => provider === 'oidc' || LOCAL_GRANTS.includes(grant));
  if (grantTypes.every((grant) => allowed.includes(grant))) {
    const refreshes = grantTypes.includes('refresh_token') && !grantTypes.includes(REDIRECT_GRANT);
    // RFC 6749 section 4.4.3: client_credentials gives no refresh token.
    return refreshes
      ? [{ path: 'grant_types', message: 'refresh_token needs authorization_code beside it' }]
      : [];
  }
  const why =
    provider === 'local' && grantTypes.some((grant) => policy.grant_types.includes(grant))
      ? ': this provider has no authorization endpoint'
      : '';
  return [{ path: 'grant_types', message: `may only hold ${allowed.join(', ')}${why}` }];
}

/** RFC 7591 section 2: a redirect-based client names where to redirect to, and `code` is what comes back. */
function codeGrantProblems({ redirect_uris, response_types }: ClientMetadata): Problem[] {
  return [
    ...(redirect_uris.length > 0
      ? []
      : [{ path: 'redirect_uris', message: `must hold at least one URI for ${REDIRECT_GRANT}` }]),
    ...(response_types.every((type) => type === 'code')
      ? []
      : [{ path: 'response_types', message: 'may only hold code' }]),
  ];
}

function redirectUriProblems({ redirect_uris }: ClientMetadata, policy: RegistrationPolicy): Problem[] {
  return redirect_uris.flatMap((uri, index) => {
    const message = strictRedirectUriProblem(uri, policy.redirect_uri_hosts);
    return message === undefined ? [] : [{ path: `redirect_uris[${index}]`, message }];
  });
}

function scopeProblems(scopes: readonly string[], policy: RegistrationPolicy): Problem[] {
  if (scopes.every((scope) => policy.scopes.includes(scope))) return [];
  const allowed = policy.scopes.length > 0 ? `may only hold ${policy.scopes.join(' ')}` : 'must be empty';
  return [{ path: 'scope', message: `${allowed} (this portal's policy)` }];
}
