/**
 * Everything that is hashed, signed or sealed for the store or for a caller, each under a key of its own.
 * Made once at start; none of it holds the key-encryption key.
 */
import type { RandomBytes } from '../lib/random.ts';
import { deriveKey, type KeyEncryptionKey, type KeyedHash, keyedHash } from './derive.ts';
import { createSealer, type Sealer } from './sealer.ts';

export interface Credentials {
  readonly hashSecret: KeyedHash;
  readonly hashApiKey: KeyedHash;
  readonly signCursor: KeyedHash;
  readonly tagStatusList: KeyedHash;
  readonly tagProofNonce: KeyedHash;
  readonly registrationToken: KeyedHash;
  readonly idempotencyHash: KeyedHash;
  readonly idempotencySealer: Sealer;
  readonly secretSealer: Sealer;
  /** What manages clients at upstream providers. */
  readonly upstreamSealer: Sealer;
}

export function createCredentials(kek: KeyEncryptionKey, random: RandomBytes): Credentials {
  return {
    hashSecret: keyedHash(kek, 'client-secret-pepper'),
    hashApiKey: keyedHash(kek, 'api-key-pepper'),
    signCursor: keyedHash(kek, 'cursor-authentication'),
    tagStatusList: keyedHash(kek, 'status-list'),
    tagProofNonce: keyedHash(kek, 'proof-nonce'),
    registrationToken: keyedHash(kek, 'registration-token'),
    idempotencyHash: keyedHash(kek, 'idempotency-hash'),
    idempotencySealer: createSealer(deriveKey(kek, 'idempotency-sealing'), random),
    secretSealer: createSealer(deriveKey(kek, 'recoverable-secret-sealing'), random),
    upstreamSealer: createSealer(deriveKey(kek, 'upstream-sealing'), random),
  };
}
