/**
 * Where revoked tokens are kept until they would have expired. Written by a revocation only; every process
 * reads what is new and keeps it in memory, so that asking about a token costs no store.
 *
 * Every method throws `StoreUnavailable` when the store can't answer.
 */
export interface Revocation {
  readonly jti: string;
  /** The token's `exp`, epoch seconds: from then on nobody has to know. */
  readonly expires_at: number;
  /** Where the token is in a Token Status List; absent when its resource has none. */
  readonly entry?: StatusEntry;
}

/** A place in one of our status lists. */
export interface StatusEntry {
  /** The list's id. */
  readonly list: string;
  readonly index: number;
}

export interface RevocationPage {
  readonly revocations: readonly Revocation[];
  /** Where the next reading goes on. It may be lower than the one given: the store was emptied meanwhile. */
  readonly cursor: number;
  /** Whether there is more to be read at once. */
  readonly more: boolean;
}

export interface RevocationStore {
  /** On disk when it resolves. Revoking a token again changes nothing. */
  revoke(revocation: Revocation): Promise<void>;
  /** What was revoked after `cursor` (0: everything), in that order. */
  readAfter(cursor: number): Promise<RevocationPage>;
}
