/**
 * Where clients are kept. Each method is one atomic step: a reader sees a record before or after a
 * mutation, never between, and an acknowledged mutation is on disk (promise R-05).
 *
 * Every method throws `StoreUnavailable` when the store can't answer; none ever says "unknown" instead.
 */
import type { PortalName } from '../portals/portal-name.ts';
import type { ClientId } from './client-id.ts';
import type { ClientRecord } from './client-record.ts';

/** A deleted client's trace, kept so that a repeated delete is told apart from an id that never was. */
export interface Tombstone {
  readonly portal: PortalName;
  readonly provider: string;
  /** Epoch seconds. */
  readonly deleted_at: number;
}

export interface ClientStore {
  read(id: ClientId): Promise<ClientRecord | undefined>;
  /** Stores a new client (version 1). `exists` when the id is taken or was deleted within `TOMBSTONE_SECONDS`. */
  create(record: ClientRecord): Promise<'created' | 'exists'>;
  /**
   * Replaces the record if the stored version is `expectedVersion`; `record.version` is one more.
   * `gone` when the client was deleted meanwhile: a racing update can't bring it back (S-RACE-01).
   */
  replace(record: ClientRecord, expectedVersion: number): Promise<'replaced' | 'conflict' | 'gone'>;
  /** Removes the client, whatever its version, and leaves a tombstone in the same commit. */
  delete(id: ClientId, tombstone: Tombstone): Promise<'deleted' | 'gone'>;
  /** The tombstone of a client deleted at most `TOMBSTONE_SECONDS` before `nowSeconds`. */
  readTombstone(id: ClientId, nowSeconds: number): Promise<Tombstone | undefined>;
}

/** For how long a repeated delete answers 204 (the portals' contract). */
export const TOMBSTONE_SECONDS = 24 * 60 * 60;
