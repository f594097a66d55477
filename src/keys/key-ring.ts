/**
 * The live key ring as the rest of the service sees it: all of it answers from memory, except `refresh`.
 */
import type { KeyEncryptionKey } from './derive.ts';
import type { StaticDocument } from './jwks.ts';
import type { PublishedJwk } from './ring.ts';
import type { ActiveKey } from './signer.ts';
import type { SigningAlg } from './signing-alg.ts';

/**
 * `store`: it can't be had from there. `replica`: this node's disk does not take it. `overdue`: a change is due
 * and can't be made. `stale`: nothing is signed. `clock`: keys change later than they should, because a clock was wrong.
 */
export const RING_TROUBLES = ['store', 'replica', 'overdue', 'stale', 'clock'] as const;
export type RingTrouble = (typeof RING_TROUBLES)[number];

export interface KeyRing {
  readonly ringId: string;
  /** Another number means other keys: what was made from them is to be made again. */
  readonly version: number;
  /** `replica` until the store has been seen. */
  readonly source: 'store' | 'replica';
  /** Seconds since the store last said that this ring is the one in force. */
  unconfirmedSeconds(): number;
  /** What is wrong with it at the moment, though it is in use. */
  troubles(): ReadonlySet<RingTrouble>;
  /** Throws `Refusal` `ring_unavailable` when no key of that algorithm may sign at `nowSeconds`. */
  activeKey(alg: SigningAlg, nowSeconds: number): ActiveKey;
  /** What credentials are derived from; the same for the life of the installation. */
  readonly root: KeyEncryptionKey;
  jwks(): StaticDocument;
  pem(kid: string): StaticDocument | undefined;
  publishedKeys(): readonly PublishedJwk[];
  /** Never rejects. Calls that overlap share one refresh. */
  refresh(): Promise<Refreshed>;
}

export type Refreshed =
  | { readonly outcome: 'unchanged' | 'swapped' }
  /** The ring from before goes on; `error` was logged. */
  | { readonly outcome: 'kept'; readonly error: unknown };
