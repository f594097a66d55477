/** What deleted clients leave behind, by the clock of whoever deletes and asks. */
import type { ClientId } from '../../clients/client-id.ts';
import { TOMBSTONE_SECONDS, type Tombstone } from '../../clients/client-store.ts';
import type { Database } from './database.ts';

/** How many expired ones a burial clears away: more than the one it adds, and never a long lock. */
const PURGE_BATCH = 100;

export interface Tombstones {
  find(id: ClientId, nowSeconds: number): Tombstone | undefined;
  /** Whether one is there still, however old: what was not cleared away yet keeps its id taken. */
  has(id: ClientId): boolean;
  bury(id: ClientId, tombstone: Tombstone): void;
}

export function sqliteTombstones(database: Database): Tombstones {
  const select = database.prepare('SELECT portal, provider, deleted_at FROM tombstones WHERE client_id = ?');
  const insert = database.prepare(
    'INSERT OR REPLACE INTO tombstones (client_id, portal, provider, deleted_at) VALUES (?, ?, ?, ?)',
  );
  const purge = database.prepare(`
    DELETE FROM tombstones WHERE client_id IN
      (SELECT client_id FROM tombstones WHERE deleted_at < ? ORDER BY deleted_at LIMIT ${PURGE_BATCH})`);

  return {
    find(id, nowSeconds) {
      const row = select.get(id) as Tombstone | undefined;
      if (row === undefined || row.deleted_at < nowSeconds - TOMBSTONE_SECONDS) return undefined;
      return { ...row };
    },
    has: (id) => select.get(id) !== undefined,
    bury(id, { portal, provider, deleted_at }) {
      insert.run(id, portal, provider, deleted_at);
      purge.run(deleted_at - TOMBSTONE_SECONDS);
    },
  };
}
