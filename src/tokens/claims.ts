/**
 * The claims of an access token (RFC 9068 section 2.2, and what gateways need beyond it): `azp`, because
 * API7's gateway finds the application by it, and `scope` always as one string, because API7 and Gravitee
 * read nothing else. Mapped claims come first, so that no mapping can replace a registered one (S-JWT-03).
 */
import type { TokenClient } from '../clients/token-client.ts';
import type { Grant } from './grant-policy.ts';
import type { ClaimMapping } from './resource.ts';
import type { StatusClaim } from './status-list-places.ts';

/** `typ` of the JOSE header (RFC 9068 section 2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** The key that its holder has to prove (RFC 7800): of a DPoP proof (RFC 9449), of a certificate (RFC 8705). */
export interface Confirmation {
  readonly jkt?: string;
  readonly 'x5t#S256'?: string;
}

export interface TokenContext {
  readonly issuer: string;
  /** Epoch seconds. */
  readonly nowSeconds: number;
  /** At least 128 random bits (RFC 9068 section 2.2, RFC 7519 section 4.1.7). */
  readonly jti: string;
  /** Its place in a Token Status List, where the resource has one. */
  readonly status?: StatusClaim | undefined;
  readonly confirmation?: Confirmation | undefined;
}

export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly client_id: string;
  readonly azp: string;
  readonly aud: string;
  readonly scope: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  readonly status?: StatusClaim;
  readonly cnf?: Confirmation;
  readonly [mapped: string]: string | number | boolean | StatusClaim | Confirmation | undefined;
}

export function accessTokenClaims(
  client: TokenClient,
  grant: Grant,
  context: TokenContext,
): AccessTokenClaims {
  const { resource, scopes, claims } = grant;
  return {
    ...mappedClaims(claims, client),
    iss: context.issuer,
    sub: client.client_id,
    client_id: client.client_id,
    azp: client.client_id,
    aud: resource.audience,
    scope: scopes.join(' '),
    iat: context.nowSeconds,
    exp: context.nowSeconds + resource.token_lifetime_seconds,
    jti: context.jti,
    ...(context.status === undefined ? {} : { status: context.status }),
    ...(context.confirmation === undefined ? {} : { cnf: context.confirmation }),
  };
}

/** A claim one of whose places has no value is left out: half a text would look like a real one. */
function mappedClaims(mapping: ClaimMapping, client: TokenClient): Record<string, string | number | boolean> {
  const claims: Record<string, string | number | boolean> = {};
  for (const [claim, template] of Object.entries(mapping)) {
    const value = typeof template === 'string' ? fill(template, client) : template;
    if (value !== undefined) claims[claim] = value;
  }
  return claims;
}

const PLACE = /\{([a-z_]+)(?:\.([^{}]+))?\}/g;

function fill(template: string, client: TokenClient): string | undefined {
  let complete = true;
  const text = template.replace(PLACE, (_place, source: string, member: string | undefined) => {
    const value = placeValue(source, member, client);
    complete &&= value !== undefined;
    return value ?? '';
  });
  return complete ? text : undefined;
}

function placeValue(source: string, member: string | undefined, client: TokenClient): string | undefined {
  switch (source) {
    case 'labels':
      return ownText(client.metadata.labels, member);
    case 'extension':
      return ownText(client.metadata.extension, member);
    case 'client_id':
      return client.client_id;
    case 'client_name':
      return client.metadata.client_name;
    case 'portal':
      return client.portal;
    default:
      return undefined;
  }
}

function ownText(members: Readonly<Record<string, unknown>>, member: string | undefined): string | undefined {
  if (member === undefined || !Object.hasOwn(members, member)) return undefined;
  const value = members[member];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}
