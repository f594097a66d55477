/**
 * What may be used once, in SQLite. What is over is cleared away by later commits, and may be claimed anew. The
 * memory begins with the file, and anew when the clock was set back to before that: what is issued from now on would
 * else be refused until then.
 *
 * It does not notice a file that is restored from a backup: what was claimed since that was made can be claimed again
 * for as long as it is good, which is some minutes.
 */
import type { ReplayStore } from '../../tokens/replay-store.ts';
import type { Database } from './database.ts';
import { sqliteSweep } from './sweep.ts';

export function sqliteReplays(database: Database): ReplayStore {
  const selectSince = database.prepare('SELECT since FROM replay_memory');
  const updateSince = database.prepare('UPDATE replay_memory SET since = ?');
  const insert = database.prepare(`
    INSERT INTO replays (id, expires_at) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= unixepoch()`);
  const sweep = sqliteSweep(database);

  return {
    claim: ({ id, ageSeconds, ttlSeconds }) =>
      database.commit('replays.claim', () => {
        const nowSeconds = Date.now() / 1000;
        const began = selectSince.get() as { since: number };
        const since = Math.min(began.since, Math.floor(nowSeconds));
        if (since < began.since) updateSince.run(since);
        if (Math.floor(nowSeconds - ageSeconds) < since) return 'forgotten';
        sweep();
        const expiresAt = Math.ceil(nowSeconds + ttlSeconds);
        return insert.run(id, expiresAt).changes === 1 ? 'claimed' : 'used';
      }),
  };
}
