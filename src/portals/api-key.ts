/**
 * A portal's API key: 256 random bits behind a fixed prefix that secret scanners know, letters and digits
 * only because Konnect accepts `^[A-Za-z0-9_]{12,256}$` and nothing else. Shown once, kept as a keyed hash.
 */
import { toBase62 } from '../lib/base62.ts';
import type { RandomBytes } from '../lib/random.ts';
import type { PortalKey } from './portal-record.ts';

export type HashApiKey = (key: string) => Uint8Array;

const PREFIX = 'dcrk_';
/** Longer than any key of ours or any the configuration accepts; the rest is not worth hashing. */
const MAX_CHARACTERS = 256;

export function newApiKey(random: RandomBytes): string {
  return PREFIX + toBase62(random(32));
}

/** The stored form of `key`. `hash` is also what the store looks it up by. */
export function portalKey(key: string, random: RandomBytes, hash: HashApiKey, nowSeconds: number): PortalKey {
  return {
    key_id: `key_${toBase62(random(16))}`,
    hash: hashForLookup(key, hash),
    created_at: nowSeconds,
    expires_at: 0,
  };
}

export function hashForLookup(key: string, hash: HashApiKey): string {
  return Buffer.from(hash(key.slice(0, MAX_CHARACTERS + 1))).toString('base64url');
}
