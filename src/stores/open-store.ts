/** Chooses the store by the scheme of `STORE_URL`. Redis is loaded only when it is asked for. */

import type { StoreLog } from './redis/watch.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import type { Store } from './store.ts';

const SQLITE = 'sqlite:';

/** `url` has been checked by the configuration. Throws when an embedded store can't be opened. */
export async function openStore(url: string, log?: StoreLog): Promise<Store> {
  if (url.startsWith(SQLITE)) return openSqliteStore({ file: url.slice(SQLITE.length) });
  const { openRedisStore } = await import('./redis/redis-store.ts');
  return openRedisStore(log === undefined ? { url } : { url, log });
}
