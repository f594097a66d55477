/** What the key ring is given by the composition root. */
import type { RandomBytes } from '../lib/random.ts';
import type { Step } from './due-steps.ts';
import type { KeyLife } from './key-life.ts';
import type { Replica } from './replica.ts';
import type { RingKey } from './ring.ts';
import type { KeyEncryptionKeys } from './ring-document.ts';
import type { RingLog } from './ring-log.ts';
import type { RingStore } from './ring-store.ts';
import type { SigningAlg } from './signing-alg.ts';

export interface RingContext extends KeyEncryptionKeys {
  readonly store: RingStore;
  readonly replica: Replica;
  /** Each gets a key. */
  readonly algs: readonly SigningAlg[];
  readonly life: KeyLife;
  /** Carries out what is due in the ring. Without it the ring is only read, and created where there was none. */
  readonly upkeep?: Upkeep;
  /** Whether more than the times in the ring says that it is time. Without it they are enough. */
  readonly isCertain?: (step: Step) => boolean;
  /** Epoch seconds. */
  readonly now: () => number;
  /** Milliseconds from any fixed moment: what no setting of the clock changes. */
  readonly elapsedMs: () => number;
  /** What the store's clock shows now, give or take `withinMs`; `undefined` where nobody knows. */
  readonly storeTime: () => { readonly epochMs: number; readonly withinMs: number } | undefined;
  readonly random: RandomBytes;
  readonly log: RingLog;
}

export interface Upkeep {
  /** Whether a reader that must have seen the key before it signs has not. Throws `StoreUnavailable`. */
  readonly isAwaited: (key: RingKey) => Promise<boolean>;
  /** Whether this node may do it now. Two that may are stopped by the version compare. Throws `StoreUnavailable`. */
  readonly leads: () => Promise<boolean>;
}
