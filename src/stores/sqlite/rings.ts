/** The sealed key ring in SQLite: one row, replaced under a version compare. */
import type { RingStore, StoredRing } from '../../keys/ring-store.ts';
import type { Database } from './database.ts';

export function sqliteRings(database: Database): RingStore {
  const select = database.prepare('SELECT version, document FROM ring');
  const insert = database.prepare(
    'INSERT INTO ring (only, version, document) VALUES (1, ?, ?) ON CONFLICT DO NOTHING',
  );
  const update = database.prepare('UPDATE ring SET version = ?, document = ? WHERE version = ?');
  const selectUse = database.prepare(`
    SELECT EXISTS (SELECT 1 FROM portals) OR EXISTS (SELECT 1 FROM clients)
      OR EXISTS (SELECT 1 FROM tombstones) AS used`);

  return {
    async readRing() {
      const row = database.read('rings.readRing', () => select.get()) as StoredRing | undefined;
      return row === undefined ? undefined : { version: row.version, document: row.document };
    },

    async writeRing({ version, document }, expectedVersion) {
      return database.commit('rings.writeRing', () => {
        const { changes } =
          expectedVersion === 0
            ? insert.run(version, document)
            : update.run(version, document, expectedVersion);
        return changes === 1 ? 'written' : 'conflict';
      });
    },

    async isUnused() {
      const row = database.read('rings.isUnused', () => selectUse.get()) as { used: number };
      return row.used === 0;
    },
  };
}
