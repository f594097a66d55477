/**
 * One key-encryption key (KEK), many purposes: each gets a key of its own by HKDF-SHA-256 (RFC 5869), so
 * that nothing derived for one purpose helps with another (NIST SP 800-57 part 1, section 5.2).
 * Purposes are part of what is stored: renaming one makes existing data unreadable.
 */
import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';

/** 256 bits, from `KEY_ENCRYPTION_KEY`. */
export type KeyEncryptionKey = Uint8Array;

export type Purpose =
  | 'kek-id'
  | 'ring-encryption'
  | 'ring-authentication'
  | 'client-secret-pepper'
  | 'api-key-pepper'
  | 'registration-token'
  | 'status-list'
  | 'proof-nonce'
  | 'cursor-authentication'
  | 'idempotency-hash'
  | 'idempotency-sealing'
  | 'recoverable-secret-sealing'
  | 'upstream-sealing';

export function deriveKey(kek: KeyEncryptionKey, purpose: Purpose): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', kek, 'dcr-bridge', purpose, 32));
}

/** HMAC-SHA-256 under a derived key: the same cost for every input of a length, useless without the KEK. */
export type KeyedHash = (text: string) => Uint8Array;

export function keyedHash(
  kek: KeyEncryptionKey,
  purpose: Exclude<Purpose, `ring-${string}` | `${string}-sealing`>,
): KeyedHash {
  // Given as bytes, the key would be made anew for each hash, which costs four times the hash itself.
  const key = createSecretKey(deriveKey(kek, purpose));
  return (text) => createHmac('sha256', key).update(text, 'utf8').digest();
}
