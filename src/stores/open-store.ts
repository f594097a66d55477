/** Chooses the store by the scheme of `STORE_URL`. Redis is loaded only when it is asked for. */
import { existsSync } from 'node:fs';
import type { StoreLog } from './redis/watch.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import type { Store } from './store.ts';
import { StoreMisconfigured } from './store-misconfigured.ts';

const SQLITE = 'sqlite:';

/** `url` has been checked by the configuration. Throws when an embedded store can't be opened. */
export async function openStore(url: string, log?: StoreLog): Promise<Store> {
  if (url.startsWith(SQLITE)) return openSqliteStore({ file: fileOf(url) });
  const { openRedisStore } = await import('./redis/redis-store.ts');
  return openRedisStore(log === undefined ? { url } : { url, log });
}

/** An embedded store comes into being when it is opened: for who looks at one, that would hide a wrong URL. */
export function refuseAbsentStore(url: string): void {
  if (!url.startsWith(SQLITE) || existsSync(fileOf(url))) return;
  throw new StoreMisconfigured(
    `there is no store at ${fileOf(url)}: set STORE_URL to the store that the service uses, or start the service once`,
  );
}

function fileOf(url: string): string {
  return url.slice(SQLITE.length);
}
