/**
 * Many clients in Redis, drawn uniformly: what a token costs the service, over what it costs with one client,
 * and what it costs a stock oidc-provider over the same Redis. In the long form there are more clients than
 * the cache holds, and it is looked at what they do to the start.
 */
import { Redis } from 'ioredis';
import type { Credentials } from '../support/bridge.ts';
import { startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService } from '../support/service.ts';
import { cpuPerRequestUs } from './compare.ts';
import { fillStore } from './fill-store.ts';
import { runLoad } from './load.ts';
import { tokenRequest } from './requests.ts';
import { APPLICATION_ID, CONFIG, RESOURCES, startStock } from './servers.ts';
import { median, rounded } from './statistics.ts';
import { stockClientKey, stockClientOf } from './stock-clients.ts';

export interface RedisClientsOptions {
  readonly redisClients: number;
  /** Per round and server. */
  readonly requests: number;
  readonly rounds: number;
}

export interface RedisClients {
  readonly clients: number;
  readonly cacheBytes: number;
  readonly cpuUs: { readonly one: number; readonly many: number; readonly stock: number };
  readonly manyOverOne: number;
  readonly stockOverOurs: number;
  readonly startMs: { readonly empty: number; readonly filled: number };
}

const CACHE_BYTES = 256 * 1024 * 1024;
const CONNECTIONS = 16;
const STARTS = 3;

export async function measureRedisClients(options: RedisClientsOptions): Promise<RedisClients> {
  const redis = await startRedis({ appendfsync: 'none' });
  const keyEncryptionKey = newKeyEncryptionKey();
  const env = {
    STORE_URL: redis.url,
    KEY_ENCRYPTION_KEY: keyEncryptionKey,
    CLIENT_CACHE_BYTES: String(CACHE_BYTES),
  };
  const start = () => startService({ config: CONFIG, env });
  const filling = {
    storeUrl: redis.url,
    keyEncryptionKey,
    resources: Object.values(RESOURCES),
    labels: { application_id: APPLICATION_ID },
  };
  try {
    const emptyMs = await fastestStart(start);
    const clients = await fillStore(filling, options.redisClients);
    await fillStock(redis.url, clients);
    const filledMs = await fastestStart(start);
    const service = await start();
    const stock = await startStock({ issuer: service.issuer, redisUrl: redis.url });
    try {
      const ours = { pid: service.pid, port: service.publicPort };
      const [first] = clients;
      if (first === undefined) throw new Error('there is no client');
      const one = tokenRequest(first, RESOURCES.ES256);
      for (const { port } of [ours, stock]) await askForEach(port, clients);
      const drawn = () =>
        tokenRequest(clients[Math.floor(Math.random() * clients.length)] ?? first, RESOURCES.ES256);
      const rounds: { one: number; many: number; stock: number }[] = [];
      for (let round = 0; round < options.rounds; round += 1) {
        rounds.push({
          one: await cpuPerRequestUs(ours, one, options.requests),
          many: await cpuPerRequestUs(ours, drawn, options.requests),
          stock: await cpuPerRequestUs(stock, drawn, options.requests),
        });
      }
      const middle = (read: (round: (typeof rounds)[number]) => number) => rounded(median(rounds.map(read)));
      return {
        clients: clients.length,
        cacheBytes: CACHE_BYTES,
        cpuUs: {
          one: middle((round) => round.one),
          many: middle((round) => round.many),
          stock: middle((round) => round.stock),
        },
        manyOverOne: middle((round) => round.many / round.one),
        stockOverOurs: middle((round) => round.stock / round.many),
        startMs: { empty: Math.round(emptyMs), filled: Math.round(filledMs) },
      };
    } finally {
      await Promise.all([service.stop(), stock.stop()]);
    }
  } finally {
    await redis.stop();
  }
}

/** A busy neighbour only adds to it. The first of all makes the key ring, and is not among them. */
async function fastestStart(start: () => ReturnType<typeof startService>): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count <= STARTS; count += 1) {
    const service = await start();
    times.push(service.startedInMs);
    await service.stop();
  }
  return Math.min(...times.slice(1));
}

const WARM_UP_AT_MOST = 300_000;

/** Each once, as far as the cache has room, so that what is measured is not how it fills. */
async function askForEach(port: number, clients: readonly Credentials[]): Promise<void> {
  let next = 0;
  const inTurn = () => tokenRequest(clients[next++] ?? { client_id: '', client_secret: '' }, RESOURCES.ES256);
  const requests = Math.min(clients.length, WARM_UP_AT_MOST);
  await runLoad({ port, request: inTurn, requests, connections: CONNECTIONS });
}

const AT_ONCE = 1000;

async function fillStock(redisUrl: string, clients: readonly Credentials[]): Promise<void> {
  const redis = new Redis(redisUrl);
  for (let from = 0; from < clients.length; from += AT_ONCE) {
    const batch = clients.slice(from, from + AT_ONCE);
    const pairs = batch.flatMap((client) => [
      stockClientKey(client.client_id),
      JSON.stringify(stockClientOf(client)),
    ]);
    await redis.mset(pairs);
  }
  await redis.quit();
}
