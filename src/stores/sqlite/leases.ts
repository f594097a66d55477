/** Leases in SQLite, by this process's clock: every process with this file is on this machine. */
import type { Leases } from '../../lib/lease.ts';
import type { Database } from './database.ts';

export function sqliteLeases(database: Database): Leases {
  const hold = database.prepare(`
    INSERT INTO leases (name, holder, expires_at_ms) VALUES (?1, ?2, ?3 + ?4)
    ON CONFLICT (name) DO UPDATE SET holder = ?2, expires_at_ms = ?3 + ?4
    WHERE holder = ?2 OR expires_at_ms <= ?3`);
  const release = database.prepare('DELETE FROM leases WHERE name = ? AND holder = ?');

  return {
    hold: (name, holder, seconds) =>
      database.commit('leases.hold', () => hold.run(name, holder, Date.now(), seconds * 1000).changes === 1),
    release: (name, holder) =>
      database.commit('leases.release', () => {
        release.run(name, holder);
      }),
  };
}
