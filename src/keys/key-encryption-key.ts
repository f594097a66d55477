/**
 * The key-encryption key: 256 random bits in base64url, from the operator. What nobody's random
 * generator makes (an example that was pasted, a pattern, a password in disguise) is told apart: the
 * configuration refuses it outside development (C-12).
 */
import type { KeyEncryptionKey } from './derive.ts';
import { RingError } from './ring-error.ts';

const BYTES = 32;
/** 32 random bytes have about 30 distinct values; fewer than 16 do not happen. */
const MIN_DISTINCT_BYTES = 16;

const WEAKNESSES: readonly (readonly [(bytes: Uint8Array) => boolean, string])[] = [
  [(bytes) => new Set(bytes).size < MIN_DISTINCT_BYTES, 'repeats itself'],
  [(bytes) => bytes.every((byte) => byte >= 0x20 && byte <= 0x7e), 'is text'],
  [(bytes) => new Set(bytes.map((byte, at) => byte - (bytes[at - 1] ?? 0))).size <= 2, 'counts'],
];

/** Throws `RingError` `kek_invalid`, which never shows the text. */
export function parseKeyEncryptionKey(text: string): KeyEncryptionKey {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== BYTES || bytes.toString('base64url') !== text) {
    throw invalid(
      `is not base64url of ${BYTES} bytes (${Math.ceil((BYTES * 4) / 3)} characters, no padding)`,
    );
  }
  return new Uint8Array(bytes);
}

/** Why `kek` is surely not random, `undefined` when nothing speaks against it. Completes "the key …". */
export function weaknessOf(kek: KeyEncryptionKey): string | undefined {
  return WEAKNESSES.find(([isWeak]) => isWeak(kek))?.[1];
}

function invalid(what: string): RingError {
  return new RingError(
    'kek_invalid',
    `The key-encryption key ${what}. Make one with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='`,
  );
}
