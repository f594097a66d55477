/** Who fetched the JWKS, in SQLite. */
import { MAX_READERS, type ReaderStore, type Sighting } from '../../keys/reader-store.ts';
import type { Database } from './database.ts';

export function sqliteReaders(database: Database): ReaderStore {
  const add = database.prepare(`
    INSERT INTO jwks_readers (reader, version, seen_at)
    SELECT ?1, ?2, ?3
    WHERE ?4 = 1 OR EXISTS (SELECT 1 FROM jwks_readers WHERE reader = ?1)
      OR (SELECT count(*) FROM jwks_readers) < ?5
    ON CONFLICT (reader) DO UPDATE SET version = max(version, ?2), seen_at = max(seen_at, ?3)`);
  const select = database.prepare('SELECT reader, version, seen_at FROM jwks_readers ORDER BY reader');

  return {
    addSightings: (sightings, expected) =>
      database.commit('readers.addSightings', () => {
        for (const { reader, version, seen_at } of sightings) {
          add.run(reader, version, seen_at, expected.has(reader) ? 1 : 0, MAX_READERS);
        }
      }),
    async readSightings() {
      const rows = database.read('readers.readSightings', () => select.all()) as unknown as Sighting[];
      return rows.map(({ reader, version, seen_at }) => ({ reader, version, seen_at }));
    },
  };
}
