/** Opens the store at a place that can be told to another process. */
import { openRedisStore } from '../../src/stores/redis/redis-store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../src/stores/store.ts';

export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'redis'; readonly url: string; readonly keyPrefix: string };

/** The contract says nothing of time: a machine that stands still for a moment is no store that is away. */
const COMMAND_TIMEOUT_MS = 5000;

export function openAt(location: StoreLocation): Promise<Store> {
  return location.kind === 'sqlite'
    ? openSqliteStore(location)
    : openRedisStore({ ...location, commandTimeoutMs: COMMAND_TIMEOUT_MS });
}
