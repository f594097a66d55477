/**
 * Clears away what has expired: a little with each commit, so that nothing ever has to clear away much. What
 * is still there is not returned any more; the point is that a sealed secret does not stay in the file.
 */
import type { Database } from './database.ts';

/** More than one commit can leave behind, and never a long lock. */
const BATCH = 100;

const EXPIRING = [
  { table: 'answer_secrets', key: 'id', time: 'expires_at_ms', unitMs: 1 },
  { table: 'answers', key: 'id', time: 'expires_at_ms', unitMs: 1 },
  { table: 'replays', key: 'id', time: 'expires_at', unitMs: 1000 },
  { table: 'initial_access_tokens', key: 'hash', time: 'expires_at', unitMs: 1000 },
  { table: 'revoked_tokens', key: 'number', time: 'expires_at', unitMs: 1000 },
] as const;

/** To be called inside a transaction that writes. */
export function sqliteSweep(database: Database): () => void {
  const sweeps = EXPIRING.map(({ table, key, time, unitMs }) => ({
    unitMs,
    expired: database.prepare(`
      DELETE FROM ${table} WHERE ${key} IN
        (SELECT ${key} FROM ${table} WHERE ${time} <= ? ORDER BY ${time} LIMIT ${BATCH})`),
  }));
  return () => {
    for (const { expired, unitMs } of sweeps) expired.run(Math.floor(Date.now() / unitMs));
  };
}
