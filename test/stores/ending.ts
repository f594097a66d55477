/** Servers, proxies and stores that end with the test that asked for them, whether it passes or fails. */
import type { TestContext } from 'node:test';
import { openRedisStore, type RedisStoreOptions } from '../../src/stores/redis/redis-store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../src/stores/store.ts';
import { type RedisOptions, type RedisServer, startRedis } from '../support/redis.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

export async function aRedis(
  t: TestContext,
  options?: RedisOptions,
  start: (options?: RedisOptions) => Promise<RedisServer> = startRedis,
): Promise<RedisServer> {
  const redis = await start(options);
  t.after(() => redis.kill());
  return redis;
}

export async function aTcpProxy(t: TestContext, targetPort: number): Promise<TcpProxy> {
  const proxy = await startTcpProxy(targetPort);
  t.after(() => proxy.close());
  return proxy;
}

export async function aRedisStore(t: TestContext, options: RedisStoreOptions): Promise<Store> {
  const store = await openRedisStore(options);
  t.after(() => store.close());
  return store;
}

export async function aSqliteStore(t: TestContext, file: string): Promise<Store> {
  const store = await openSqliteStore({ file });
  t.after(() => store.close());
  return store;
}
