/** Clients in SQLite: each mutation one transaction with its version compare and its tombstone. */
import type { ClientRecord } from '../../clients/client-record.ts';
import { type ClientStore, TOMBSTONE_SECONDS, type Tombstone } from '../../clients/client-store.ts';
import type { PortalName } from '../../portals/portal-name.ts';
import { parseRecord } from '../parse-record.ts';
import type { Database } from './database.ts';

/** How many expired tombstones a delete clears away: more than the one it leaves, and never a long lock. */
const PURGE_BATCH = 100;

export function sqliteClients(database: Database): ClientStore {
  const select = database.prepare('SELECT record FROM clients WHERE client_id = ?');
  const insert = database.prepare(`
    INSERT INTO clients (client_id, portal, version, created_at, record)
    SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE client_id = ?1)
    ON CONFLICT DO NOTHING`);
  const update = database.prepare(
    'UPDATE clients SET version = ?, record = ? WHERE client_id = ? AND version = ?',
  );
  const remove = database.prepare('DELETE FROM clients WHERE client_id = ?');
  const bury = database.prepare(
    'INSERT OR REPLACE INTO tombstones (client_id, portal, provider, deleted_at) VALUES (?, ?, ?, ?)',
  );
  const purge = database.prepare(`
    DELETE FROM tombstones WHERE client_id IN
      (SELECT client_id FROM tombstones WHERE deleted_at < ? ORDER BY deleted_at LIMIT ${PURGE_BATCH})`);
  const selectTombstone = database.prepare(
    'SELECT portal, provider, deleted_at FROM tombstones WHERE client_id = ? AND deleted_at >= ?',
  );

  return {
    async read(id) {
      const row = database.read('clients.read', () => select.get(id)) as { record: string } | undefined;
      if (row === undefined) return undefined;
      return parseRecord<ClientRecord>(
        'clients.read',
        `client ${id}`,
        row.record,
        (record) => record.client_id === id,
      );
    },

    async create(record) {
      const { client_id, portal, version, created_at } = record;
      return database.commit('clients.create', () => {
        const { changes } = insert.run(client_id, portal, version, created_at, JSON.stringify(record));
        return changes === 1 ? 'created' : 'exists';
      });
    },

    async replace(record, expectedVersion) {
      const { client_id, version } = record;
      return database.commit('clients.replace', () => {
        const { changes } = update.run(version, JSON.stringify(record), client_id, expectedVersion);
        if (changes === 1) return 'replaced';
        return select.get(client_id) === undefined ? 'gone' : 'conflict';
      });
    },

    async delete(id, { portal, provider, deleted_at }) {
      return database.commit('clients.delete', () => {
        if (remove.run(id).changes === 0) return 'gone';
        bury.run(id, portal, provider, deleted_at);
        purge.run(deleted_at - TOMBSTONE_SECONDS);
        return 'deleted';
      });
    },

    async readTombstone(id, nowSeconds) {
      const oldest = nowSeconds - TOMBSTONE_SECONDS;
      const row = database.read('clients.readTombstone', () => selectTombstone.get(id, oldest)) as
        | { portal: PortalName; provider: string; deleted_at: number }
        | undefined;
      return row === undefined ? undefined : ({ ...row } satisfies Tombstone);
    },
  };
}
