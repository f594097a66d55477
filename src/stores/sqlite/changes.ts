/**
 * Hears of commits in an embedded store. Those of this process its cache is told by who made them; whether
 * another one (the command line) has committed, SQLite says in a counter, for the price of one statement.
 */
import type { ClientChanges } from '../../clients/client-changes.ts';
import type { Database } from './database.ts';

/** How often the counter is looked at while tokens are asked for: 50 times a second is nothing to notice. */
const LOOK_EVERY_MS = 20;

export function sqliteChanges(database: Database): ClientChanges {
  const version = database.prepare('PRAGMA data_version');
  const look = () => database.read('clients.changes', () => version.get()?.data_version);
  let changed: Parameters<ClientChanges['follow']>[0] = () => {};
  let seen: unknown;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let away = false;
  return {
    follow(listener) {
      changed = listener;
      seen = look();
      return Promise.resolve();
    },
    toldUntilMs(nowMs) {
      if (nowMs - lookedAtMs < LOOK_EVERY_MS) return lookedAtMs;
      try {
        const now = look();
        away = false;
        lookedAtMs = nowMs;
        if (now !== seen) changed(undefined);
        seen = now;
      } catch {
        // The store's own calls tell the log; what was told stays told.
        away = true;
      }
      return lookedAtMs;
    },
    storeIsAway: () => away,
  };
}
