/**
 * What a client may have: client × resource × scope → grant or refusal. Pure, and asked at every issuance,
 * so that a resource or scope that the operator takes away is gone with the next token (S-JWT-14).
 *
 * It never widens: an ungranted resource or scope is refused, not dropped (S-TOK-13, S-TOK-15, L-08).
 */
import type { TokenClient } from '../clients/token-client.ts';
import type { ClaimMapping, Resource } from './resource.ts';
import { TokenRefusal } from './token-refusal.ts';

export interface TokenRequest {
  readonly resource: string | undefined;
  /** Space-separated (RFC 6749 section 3.3). */
  readonly scope: string | undefined;
}

/** The portal's policy now: a client keeps no more than its portal may still give. */
export interface Ceiling {
  readonly grant_types: readonly string[];
  readonly resources: readonly string[];
  readonly scopes: readonly string[];
  /** Claims of its clients' tokens, over those of the resource. */
  readonly claims: ClaimMapping;
}

export interface ResourceCatalogue {
  readonly resources: ReadonlyMap<string, Resource>;
  readonly default_resource: string;
}

export interface Grant {
  readonly resource: Resource;
  readonly scopes: readonly string[];
  /** The mapping in force. */
  readonly claims: ClaimMapping;
}

type GrantedClient = Pick<TokenClient, 'metadata' | 'granted_resources'>;

/** Throws `TokenRefusal`. */
export function decideGrant(
  client: GrantedClient,
  request: TokenRequest,
  catalogue: ResourceCatalogue,
  ceiling: Ceiling,
): Grant {
  if (
    !(
      client.metadata.grant_types.includes('client_credentials') &&
      ceiling.grant_types.includes('client_credentials')
    )
  ) {
    throw new TokenRefusal('unauthorized_client', 'this client may not use the client_credentials grant');
  }
  const resource = grantedResource(
    client,
    request.resource ?? catalogue.default_resource,
    catalogue,
    ceiling,
  );
  return {
    resource,
    scopes: grantedScopes(client, request.scope, resource, ceiling),
    // The resource's owner says what every caller carries; the entry of one portal is the more specific.
    claims: { ...resource.claims, ...ceiling.claims },
  };
}

function grantedResource(
  client: GrantedClient,
  identifier: string,
  catalogue: ResourceCatalogue,
  ceiling: Ceiling,
): Resource {
  const resource = catalogue.resources.get(identifier);
  const granted = client.granted_resources.includes(identifier) && ceiling.resources.includes(identifier);
  if (resource === undefined || !granted) {
    throw new TokenRefusal('invalid_target', 'the resource is unknown, or not granted to this client');
  }
  return resource;
}

function grantedScopes(
  client: GrantedClient,
  requested: string | undefined,
  resource: Resource,
  ceiling: Ceiling,
): readonly string[] {
  const granted = tokensOf(client.metadata.scope).filter(
    (scope) => ceiling.scopes.includes(scope) && resource.scopes.includes(scope),
  );
  if (requested === undefined) return granted;
  // Split as the grammar of RFC 6749 section 3.3 has it: what is no scope token is granted to nobody.
  const scopes = [...new Set(requested.split(' '))];
  if (!scopes.every((scope) => granted.includes(scope))) {
    throw new TokenRefusal(
      'invalid_scope',
      'a scope is unknown to the resource, or not granted to this client',
    );
  }
  return scopes;
}

function tokensOf(scope: string | undefined): string[] {
  return scope?.split(' ').filter(Boolean) ?? [];
}
