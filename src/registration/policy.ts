/**
 * What a portal's clients may be: one pure function over the *whole resulting* document, the same for
 * create and update, so that no path of change is judged by less than a create (S-DCR-04, S-MGT-06).
 *
 * It refuses what exceeds the portal's policy; it never narrows silently and never widens by omission.
 */

import type { MergedMetadata } from '../clients/merge-metadata.ts';
import type { ClientMetadata } from '../clients/metadata.ts';
import { type Problem, Refusal } from '../lib/refusal.ts';

/** The part of a portal's policy that registration asks for. */
export interface RegistrationPolicy {
  readonly providers: readonly string[];
  readonly grant_types: readonly string[];
  /** Ceiling of what a client's `scope` may name. */
  readonly scopes: readonly string[];
  /** What a client that asks for no scope is granted. */
  readonly default_scopes: readonly string[];
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
const AUTH_METHODS = new Set(['client_secret_basic', 'client_secret_post']);

/**
 * Returns the metadata as it will be kept. Throws `Refusal` with every problem, the document's own included:
 * `redirect_uri_invalid` when only redirect URIs are wrong, else `metadata_invalid` (RFC 7591 section 3.2.2).
 */
export function applyPolicy(
  { metadata, problems }: MergedMetadata,
  policy: RegistrationPolicy,
): ClientMetadata {
  const grantTypes = [...new Set(metadata.grant_types.filter((grant) => !PORTAL_WORDS.has(grant)))];
  const scopes = metadata.scope?.split(' ').filter(Boolean) ?? policy.default_scopes;
  const all = [
    ...problems,
    ...grantTypeProblems(grantTypes, policy),
    ...authMethodProblems(metadata.token_endpoint_auth_method),
    ...scopeProblems(scopes, policy),
  ];
  if (all.length > 0) {
    const onlyRedirects = all.every(({ path }) => path.startsWith('redirect_uris'));
    throw new Refusal(onlyRedirects ? 'redirect_uri_invalid' : 'metadata_invalid', { problems: all });
  }
  return {
    ...metadata,
    grant_types: grantTypes.length > 0 ? grantTypes : ['client_credentials'],
    // No redirect-based grant exists here, so nothing may come back from an authorization endpoint.
    response_types: [],
    scope: [...new Set(scopes)].join(' '),
  };
}

function grantTypeProblems(grantTypes: readonly string[], policy: RegistrationPolicy): Problem[] {
  if (grantTypes.every((grant) => policy.grant_types.includes(grant))) return [];
  return [{ path: 'grant_types', message: `may only hold ${policy.grant_types.join(', ')}` }];
}

/** `none` too: a public client can never use `client_credentials` (RFC 6749 section 4.4). */
function authMethodProblems(method: string): Problem[] {
  if (AUTH_METHODS.has(method)) return [];
  return [{ path: 'token_endpoint_auth_method', message: `must be one of ${[...AUTH_METHODS].join(', ')}` }];
}

function scopeProblems(scopes: readonly string[], policy: RegistrationPolicy): Problem[] {
  if (scopes.every((scope) => policy.scopes.includes(scope))) return [];
  const allowed = policy.scopes.length > 0 ? `may only hold ${policy.scopes.join(' ')}` : 'must be empty';
  return [{ path: 'scope', message: `${allowed} (this portal's policy)` }];
}
