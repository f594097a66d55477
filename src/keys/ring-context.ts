/** What the key ring is given by the composition root. */
import type { RandomBytes } from '../lib/random.ts';
import type { KeyEncryptionKey } from './derive.ts';
import type { Replica } from './replica.ts';
import type { RingLog } from './ring-log.ts';
import type { RingStore } from './ring-store.ts';
import type { SigningAlg } from './signing-alg.ts';

export interface RingContext {
  readonly store: RingStore;
  readonly replica: Replica;
  readonly kek: KeyEncryptionKey;
  /** Each gets a key. */
  readonly algs: readonly SigningAlg[];
  /** Epoch seconds. */
  readonly now: () => number;
  readonly random: RandomBytes;
  readonly log: RingLog;
}
