/**
 * When a secret was used, and how often. Counted in memory and written in batches, never on the token
 * road; what a crash loses is at most one batch's counts. It lives beside the client's record, not in it,
 * so that counting changes no version.
 */
import type { ClientId } from './client-id.ts';

export interface SecretUse {
  readonly secret_id: string;
  /** Epoch seconds. */
  readonly first_used_at: number;
  readonly last_used_at: number;
  readonly use_count: number;
}

export interface ClientSecretUse extends SecretUse {
  readonly client_id: ClientId;
}

export interface SecretUsageStore {
  /**
   * Adds to what is kept: earliest first, latest last, sum of counts. What belongs to a client that is gone
   * is dropped. Throws `StoreUnavailable`; the batch may then have been taken in part.
   */
  addUses(uses: readonly ClientSecretUse[]): Promise<void>;
  /** The uses of the client's secrets by secret id; deleted with the client. */
  readUses(id: ClientId): Promise<ReadonlyMap<string, SecretUse>>;
}
