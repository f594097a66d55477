/** Where portals are kept. Every method throws `StoreUnavailable` when the store can't answer. */
import type { InitialAccessToken } from './initial-access-token.ts';
import type { PortalName } from './portal-name.ts';
import type { PortalRecord } from './portal-record.ts';

export interface PortalStore {
  /** The portal that owns the key with this hash (`PortalKey.hash`): one indexed look-up. */
  findByKeyHash(hash: string): Promise<PortalRecord | undefined>;
  read(name: PortalName): Promise<PortalRecord | undefined>;
  /** All portals, by name. They are the operator's, tens of them; clients are never listed this way. */
  list(): Promise<readonly PortalRecord[]>;
  /** Stores the portal and indexes its keys, in one commit. */
  create(record: PortalRecord): Promise<'created' | 'exists'>;
  /** Replaces the record and re-indexes its keys, in one commit, if the stored version is `expectedVersion`. */
  replace(record: PortalRecord, expectedVersion: number): Promise<'replaced' | 'conflict'>;
  /** Stores a limited-use token. Its uses are taken by `ClientStore.create`, in the create's own commit. */
  addInitialAccessToken(token: InitialAccessToken): Promise<void>;
  /** Undefined when unknown, or expired at `nowSeconds`. A spent one, with no use left, is found until its end. */
  readInitialAccessToken(hash: string, nowSeconds: number): Promise<InitialAccessToken | undefined>;
}
