/**
 * Initial access tokens: added once, then counted down to nothing; a spent one is kept until its end. Their
 * end is by this process's clock.
 */
import type { InitialAccessToken } from '../../portals/initial-access-token.ts';
import type { PortalName } from '../../portals/portal-name.ts';
import type { Database } from './database.ts';

export interface InitialAccessTokens {
  add(token: InitialAccessToken): void;
  find(hash: string, nowSeconds: number): InitialAccessToken | undefined;
  /** One use of the portal's token, if it has one left; to be called inside a transaction. */
  takeUse(hash: string, portal: PortalName): boolean;
}

export function sqliteInitialAccessTokens(database: Database): InitialAccessTokens {
  const insert = database.prepare(`
    INSERT OR REPLACE INTO initial_access_tokens (hash, portal, uses_left, expires_at) VALUES (?, ?, ?, ?)`);
  const select = database.prepare(`
    SELECT hash, portal, uses_left, expires_at FROM initial_access_tokens
    WHERE hash = ? AND expires_at > ?`);
  const take = database.prepare(`
    UPDATE initial_access_tokens SET uses_left = uses_left - 1
    WHERE hash = ? AND portal = ? AND uses_left > 0 AND expires_at > ?`);

  return {
    add({ hash, portal, uses_left, expires_at }) {
      insert.run(hash, portal, uses_left, expires_at);
    },
    find(hash, nowSeconds) {
      const row = select.get(hash, nowSeconds) as InitialAccessToken | undefined;
      return row === undefined ? undefined : { ...row };
    },
    takeUse: (hash, portal) => take.run(hash, portal, Math.floor(Date.now() / 1000)).changes > 0,
  };
}
