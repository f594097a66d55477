/**
 * What was granted against what was asked (RFC 7591 section 3.2.1: a server may substitute any value). Less
 * is taken and told; more is not, because the portal's policy was asked for what was asked (S-UP-04).
 */
import { usesSecret } from '../../clients/auth-method.ts';
import type { ClientMetadata } from '../../clients/metadata.ts';
import type { Problem } from '../../lib/refusal.ts';
import type { GrantedMetadata } from '../upstream.ts';

/** With none of these, nothing comes back from an authorization endpoint, and response types say nothing. */
const REDIRECTING = ['authorization_code', 'implicit'];

/** The members that are wider than asked. A member that the provider does not state is as it was asked. */
export function widened(asked: ClientMetadata, granted: GrantedMetadata): readonly Problem[] {
  const redirects = (granted.grant_types ?? asked.grant_types).some((grant) => REDIRECTING.includes(grant));
  const method = granted.token_endpoint_auth_method ?? asked.token_endpoint_auth_method;
  const wider: Readonly<Record<string, boolean>> = {
    grant_types: exceeds(asked.grant_types, granted.grant_types),
    scope: exceeds(tokens(asked.scope), tokens(granted.scope)),
    redirect_uris: exceeds(asked.redirect_uris, granted.redirect_uris),
    response_types: redirects && exceeds(asked.response_types, granted.response_types),
    // `none` is no authentication at all, and any other our portals can't do.
    token_endpoint_auth_method: !usesSecret({ token_endpoint_auth_method: method }),
  };
  return Object.keys(wider)
    .filter((member) => wider[member])
    .map((path) => ({ path, message: 'was granted wider than it was asked for' }));
}

/** The metadata to be stored: what was asked, and over it what was granted. */
export function asGranted(asked: ClientMetadata, granted: GrantedMetadata): ClientMetadata {
  return { ...asked, ...granted };
}

/** Whether every member that the provider states is as asked: an update whose answer was lost was done. */
export function isAsAsked(asked: ClientMetadata, granted: GrantedMetadata): boolean {
  return differing(asked, granted).length === 0;
}

/** The members that the provider states otherwise than they were asked for. */
export function differing(asked: ClientMetadata, granted: GrantedMetadata): readonly string[] {
  return Object.entries(granted).flatMap(([member, value]) => {
    const wanted = asked[member as keyof GrantedMetadata];
    const isSame =
      member === 'scope'
        ? same(tokens(String(value)), tokens(asked.scope))
        : same([value].flat(), [wanted].flat());
    return isSame ? [] : [member];
  });
}

function exceeds(asked: readonly string[], granted: readonly string[] = []): boolean {
  return granted.some((each) => !asked.includes(each));
}

function tokens(scope: string | undefined): readonly string[] {
  return scope?.split(' ').filter(Boolean) ?? [];
}

function same(one: readonly unknown[], other: readonly unknown[]): boolean {
  return JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());
}
