/**
 * Where the sealed key ring is kept and shared. The store sees an opaque text and a version: it can lose
 * the ring, but it can neither read a private key nor plant a public one.
 *
 * Every method throws `StoreUnavailable` when the store can't answer.
 */
export interface StoredRing {
  /** The ring's version. It grows with each write, by more than one where a node puts a newer copy back. */
  readonly version: number;
  /** The sealed ring document, JSON text; given back byte for byte, or it no longer opens. */
  readonly document: string;
}

export interface RingStore {
  readRing(): Promise<StoredRing | undefined>;
  /** Stores `next` if the stored version is `expectedVersion` (0 = no ring is stored yet), in one commit. */
  writeRing(next: StoredRing, expectedVersion: number): Promise<'written' | 'conflict'>;
  /** Whether the store holds no client and no portal: only then may a missing ring be a first start. */
  isUnused(): Promise<boolean>;
}
