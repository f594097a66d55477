/**
 * Whether a text is an access token of ours that has not expired: signature by a key that is published,
 * issuer, type, times. Whatever is not one is `undefined` without a reason: to the outside they are all the
 * same (S-REV-02), and garbage ends before any signature is looked at.
 */
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import type { PublishedJwk } from '../keys/ring.ts';
import { inThreadPool } from '../lib/thread-pool.ts';
import { ACCESS_TOKEN_TYPE, type AccessTokenClaims } from './claims.ts';

export interface VerifyContext {
  readonly issuer: string;
  /** The same array for as long as the ring is the same. */
  readonly publishedKeys: () => readonly PublishedJwk[];
}

export async function verifyAccessToken(
  { issuer, publishedKeys }: VerifyContext,
  token: string,
  nowSeconds: number,
): Promise<AccessTokenClaims | undefined> {
  try {
    const options = {
      issuer,
      typ: ACCESS_TOKEN_TYPE,
      requiredClaims: ['aud', 'client_id', 'exp', 'iat', 'jti'],
      currentDate: new Date(nowSeconds * 1000),
    };
    const { payload } = await inThreadPool(() => jwtVerify(token, keySetOf(publishedKeys()), options));
    // We signed it, so the claims are as we make them.
    return payload as unknown as AccessTokenClaims;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

type KeySet = ReturnType<typeof createLocalJWKSet>;
const keySets = new WeakMap<readonly PublishedJwk[], KeySet>();

/** jose imports a key at its first use and keeps it with the set. */
function keySetOf(keys: readonly PublishedJwk[]): KeySet {
  const known = keySets.get(keys);
  if (known !== undefined) return known;
  const made = createLocalJWKSet({ keys: keys.map((key) => ({ ...key })) });
  keySets.set(keys, made);
  return made;
}
