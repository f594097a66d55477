/** Chooses the store by the scheme of `STORE_URL`. Redis is loaded only when it is asked for. */
import { existsSync } from 'node:fs';
import { embeddedFile } from './embedded-file.ts';
import type { StoreLog } from './redis/watch.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import type { Store } from './store.ts';
import { StoreMisconfigured } from './store-misconfigured.ts';

/** `url` has been checked by the configuration. Throws when an embedded store can't be opened. */
export async function openStore(url: string, log?: StoreLog): Promise<Store> {
  const file = embeddedFile(url);
  if (file !== undefined) return openSqliteStore({ file });
  const { openRedisStore } = await import('./redis/redis-store.ts');
  return openRedisStore(log === undefined ? { url } : { url, log });
}

/** An embedded store comes into being when it is opened: for who looks at one, that would hide a wrong URL. */
export function refuseAbsentStore(url: string): void {
  const file = embeddedFile(url);
  if (file === undefined || existsSync(file)) return;
  throw new StoreMisconfigured(
    `there is no store at ${file}: set STORE_URL to the store that the service uses, or start the service once`,
  );
}
