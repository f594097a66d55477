/**
 * Hands out a token again instead of signing the next one, for resources that opt in: most machine clients
 * ask before every call. The same client, resource and scope get the same token until the configured share
 * of its life is over, and no longer than the client, the key and the token itself are what they were.
 *
 * What the client may have is decided before this is asked, for every request. Bounded in bytes, in this
 * process's memory only: a token is a credential and is written nowhere.
 */
import type { TokenClient } from '../clients/token-client.ts';
import { createByteCache } from '../lib/byte-cache.ts';
import type { Grant } from './grant-policy.ts';

export interface IssuedToken {
  readonly token: string;
  readonly jti: string;
  /** Epoch seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** What a token was made from. Compared as objects: any change makes another one of them. */
export interface TokenOrigin {
  readonly client: TokenClient;
  readonly key: object;
}

export interface TokenReuse {
  find(origin: TokenOrigin, grant: Grant, nowSeconds: number): IssuedToken | undefined;
  keep(origin: TokenOrigin, grant: Grant, issued: IssuedToken): void;
}

interface Kept extends TokenOrigin {
  readonly issued: IssuedToken;
}

/** Besides the token: keys, objects and the cache's own place. */
const KEPT_BYTES = 500;

/** `isRevoked` may throw when it can't tell; a new token is then made. */
export function createTokenReuse(
  maxBytes: number,
  isRevoked: (jti: string, nowSeconds: number) => boolean,
): TokenReuse {
  const tokens = createByteCache<Kept>(maxBytes, ({ issued }) => KEPT_BYTES + issued.token.length);

  function isGood({ jti, issuedAt, expiresAt }: IssuedToken, share: number, nowSeconds: number): boolean {
    // A clock that was set back must not lengthen anything.
    if (nowSeconds < issuedAt || nowSeconds >= issuedAt + share * (expiresAt - issuedAt)) return false;
    try {
      return !isRevoked(jti, nowSeconds);
    } catch {
      return false;
    }
  }

  return {
    find({ client, key }, grant, nowSeconds) {
      const share = grant.resource.token_reuse_share ?? 0;
      const kept = share === 0 ? undefined : tokens.get(placeOf(client, grant));
      if (kept === undefined || kept.client !== client || kept.key !== key) return undefined;
      return isGood(kept.issued, share, nowSeconds) ? kept.issued : undefined;
    },
    keep(origin, grant, issued) {
      if ((grant.resource.token_reuse_share ?? 0) === 0) return;
      tokens.set(placeOf(origin.client, grant), { ...origin, issued });
    },
  };
}

/** Neither an identifier nor a scope holds a line break. The order of scopes is the client's, and stays. */
function placeOf({ client_id }: TokenClient, { resource, scopes }: Grant): string {
  return `${client_id}\n${resource.identifier}\n${scopes.join(' ')}`;
}
