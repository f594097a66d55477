/**
 * One secret of a client: 256 random bits that we made, shown once, kept as a keyed hash. A fast hash is
 * right for it: slow ones protect what people choose, and would only help a flood (S-DOS-03).
 */
import { timingSafeEqual } from 'node:crypto';
import { toBase62 } from '../lib/base62.ts';
import type { RandomBytes } from '../lib/random.ts';

export interface Secret {
  readonly secret_id: string;
  /** Base64url of HMAC-SHA-256 under the client secrets' pepper. */
  readonly hash: string;
  /** Epoch seconds. */
  readonly created_at: number;
  /** Epoch seconds from which the secret is refused; 0 = never. Checked at use, not by a cleaner. */
  readonly expires_at: number;
  /** The secret itself, sealed, only where the portal's policy says `recoverable`. */
  readonly sealed?: string;
}

/** What comparing needs of a secret. The hash may be decoded already, where it is compared often. */
export interface ComparedSecret extends Pick<Secret, 'secret_id' | 'expires_at'> {
  readonly hash: string | Uint8Array;
}

export type HashCredential = (credential: string) => Uint8Array;

/** The prefix lets secret scanners find one that was pasted where it should not be. */
const PREFIX = 'dcrs_';

export function newSecret(
  random: RandomBytes,
  hash: HashCredential,
  nowSeconds: number,
): { readonly secret: Secret; readonly value: string } {
  const value = PREFIX + toBase62(random(32));
  const secret: Secret = {
    secret_id: `sec_${toBase62(random(16))}`,
    hash: Buffer.from(hash(value)).toString('base64url'),
    created_at: nowSeconds,
    expires_at: 0,
  };
  return { secret, value };
}

export function isValidAt(secret: Pick<Secret, 'expires_at'>, nowSeconds: number): boolean {
  return secret.expires_at === 0 || nowSeconds < secret.expires_at;
}

/** No policy allows more. Comparing with this fixed number keeps the time the same for one and for all. */
export const MAX_VALID_SECRETS = 5;
const NO_HASH = Buffer.alloc(32);

/**
 * The valid secret among `secrets` that `presented` is. One hash and `MAX_VALID_SECRETS` comparisons,
 * whatever is stored and whatever was presented: the answer's time says nothing.
 */
export function findSecret<Kept extends ComparedSecret>(
  secrets: readonly Kept[],
  presented: string,
  hash: HashCredential,
  nowSeconds: number,
): Kept | undefined {
  const actual = hash(presented);
  let found: Kept | undefined;
  for (let index = 0; index < MAX_VALID_SECRETS; index += 1) {
    const secret = secrets[index];
    const expected = secret === undefined ? NO_HASH : bytesOf(secret.hash);
    const same = timingSafeEqual(expected, actual);
    if (same && secret !== undefined && isValidAt(secret, nowSeconds)) found = secret;
  }
  return found;
}

function bytesOf(hash: string | Uint8Array): Uint8Array {
  return typeof hash === 'string' ? Buffer.from(hash, 'base64url') : hash;
}
