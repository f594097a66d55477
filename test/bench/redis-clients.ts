/**
 * Many clients in Redis, drawn uniformly: what a token costs the service, over what it costs with one client,
 * and what it costs a stock oidc-provider over the same Redis. In the long form there are then a million, more
 * than the cache holds. And what they do to the start.
 */
import type { Redis } from 'ioredis';
import type { Credentials } from '../support/bridge.ts';
import { startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService } from '../support/service.ts';
import { cpuPerRequestUs } from './compare.ts';
import { fillStore } from './fill-store.ts';
import { runLoad } from './load.ts';
import { clientsOver, patientRedis } from './patient-redis.ts';
import { residentMiB } from './process-usage.ts';
import { tokenRequest } from './requests.ts';
import { APPLICATION_ID, type BenchServer, CONFIG, RESOURCES, startStock } from './servers.ts';
import { median, rounded } from './statistics.ts';
import { stockClientKey, stockClientOf } from './stock-clients.ts';

export interface RedisClientsOptions {
  readonly redisClients: number;
  /** Besides those; 0 leaves that part out. */
  readonly moreRedisClients: number;
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
  /** A text says why they were not measured. */
  readonly million: MoreThanCached | string;
  /** With all that were stored. */
  readonly startMs: { readonly empty: number; readonly filled: number };
}

/** More clients than the cache holds. */
export interface MoreThanCached {
  readonly clients: number;
  readonly cpuUs: { readonly one: number; readonly many: number };
  readonly manyOverOne: number;
  /** Of Redis, a client with its place in the index. */
  readonly redisBytesPerClient: number;
  /** Of the service, its cache full. */
  readonly residentMiB: number;
}

const CACHE_BYTES = 256 * 1024 * 1024;
const CONNECTIONS = 16;
const STARTS = 3;

export async function measureRedisClients(options: RedisClientsOptions): Promise<RedisClients> {
  const redis = await startRedis({ appendfsync: 'none' });
  const empty = await startRedis({ appendfsync: 'none' });
  const connection = patientRedis(redis.url);
  const keyEncryptionKey = newKeyEncryptionKey();
  const startOver = (storeUrl: string) => () =>
    startService({
      config: CONFIG,
      env: {
        STORE_URL: storeUrl,
        KEY_ENCRYPTION_KEY: keyEncryptionKey,
        CLIENT_CACHE_BYTES: String(CACHE_BYTES),
      },
    });
  const start = startOver(redis.url);
  const filling = {
    keyEncryptionKey,
    resources: Object.values(RESOURCES),
    labels: { application_id: APPLICATION_ID },
  };
  const fill = (count: number) => fillStore(clientsOver(connection), filling, count);
  try {
    // The first start of all makes the key ring; over clients without one it would refuse to start.
    await (await start()).stop();
    const clients = await fill(options.redisClients);
    await fillStock(connection, clients);
    const besideStock = await measureBesideStock(start, redis.url, clients, options);
    const million =
      options.moreRedisClients === 0
        ? 'a million clients are made with --million'
        : await measureMore(start, connection, () => fill(options.moreRedisClients), clients, options);
    const startMs = await fastestStarts({ empty: startOver(empty.url), filled: start });
    return {
      clients: clients.length,
      cacheBytes: CACHE_BYTES,
      ...besideStock,
      million,
      startMs,
    };
  } finally {
    connection.disconnect();
    await Promise.all([redis.stop(), empty.stop()]);
  }
}

type Start = () => ReturnType<typeof startService>;

async function measureBesideStock(
  start: Start,
  redisUrl: string,
  clients: readonly Credentials[],
  options: RedisClientsOptions,
) {
  const service = await start();
  const stock = await startStock({ issuer: service.issuer, redisUrl });
  try {
    const ours = { pid: service.pid, port: service.publicPort };
    for (const { port } of [ours, stock]) await askForEach(port, clients);
    const rounds: { one: number; many: number; stock: number }[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      rounds.push({
        ...(await oneAndMany(ours, clients, options.requests)),
        stock: await cpuPerRequestUs(stock, drawnFrom(clients), options.requests),
      });
    }
    const middle = (read: (round: (typeof rounds)[number]) => number) => rounded(median(rounds.map(read)));
    return {
      cpuUs: {
        one: middle((round) => round.one),
        many: middle((round) => round.many),
        stock: middle((round) => round.stock),
      },
      manyOverOne: middle((round) => round.many / round.one),
      stockOverOurs: middle((round) => round.stock / round.many),
    };
  } finally {
    await Promise.all([service.stop(), stock.stop()]);
  }
}

async function measureMore(
  start: Start,
  redis: Redis,
  fillMore: () => Promise<readonly Credentials[]>,
  clients: readonly Credentials[],
  options: RedisClientsOptions,
): Promise<MoreThanCached> {
  const bytesBefore = await usedBytes(redis);
  const more = await fillMore();
  const bytesPerClient = ((await usedBytes(redis)) - bytesBefore) / more.length;
  const all = [...clients, ...more];
  const service = await start();
  try {
    const ours = { pid: service.pid, port: service.publicPort };
    await askForEach(ours.port, all);
    const rounds: { one: number; many: number }[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      rounds.push(await oneAndMany(ours, all, options.requests));
    }
    const middle = (read: (round: (typeof rounds)[number]) => number) => rounded(median(rounds.map(read)));
    return {
      clients: all.length,
      cpuUs: { one: middle((round) => round.one), many: middle((round) => round.many) },
      manyOverOne: middle((round) => round.many / round.one),
      redisBytesPerClient: Math.round(bytesPerClient),
      residentMiB: rounded(residentMiB(service.pid)),
    };
  } finally {
    await service.stop();
  }
}

async function oneAndMany(server: BenchServer, clients: readonly Credentials[], requests: number) {
  return {
    one: await cpuPerRequestUs(server, drawnFrom(clients.slice(0, 1)), requests),
    many: await cpuPerRequestUs(server, drawnFrom(clients), requests),
  };
}

const NOBODY: Credentials = { client_id: '', client_secret: '' };

function drawnFrom(clients: readonly Credentials[]): () => Buffer {
  return () => tokenRequest(clients[Math.floor(Math.random() * clients.length)] ?? NOBODY, RESOURCES.ES256);
}

/** In turn, the fastest of each: a busy neighbour only adds to it. The first of each makes the key ring. */
async function fastestStarts<Name extends string>(starts: Readonly<Record<Name, Start>>) {
  const fastest: Partial<Record<Name, number>> = {};
  for (let count = 0; count <= STARTS; count += 1) {
    for (const [name, start] of Object.entries<Start>(starts) as [Name, Start][]) {
      const service = await start();
      await service.stop();
      const before = fastest[name] ?? Number.POSITIVE_INFINITY;
      if (count > 0) fastest[name] = Math.min(before, Math.round(service.startedInMs));
    }
  }
  return fastest as Record<Name, number>;
}

/** Both servers' code is compiled by then, and the cache is full. */
const WARM_UP_AT_LEAST = 20_000;
const WARM_UP_AT_MOST = 300_000;

/** In turn, each once as far as the cache has room, so that what is measured is not how it fills. */
async function askForEach(port: number, clients: readonly Credentials[]): Promise<void> {
  let next = 0;
  const inTurn = () => tokenRequest(clients[next++ % clients.length] ?? NOBODY, RESOURCES.ES256);
  const requests = Math.min(Math.max(clients.length, WARM_UP_AT_LEAST), WARM_UP_AT_MOST);
  await runLoad({ port, request: inTurn, requests, connections: CONNECTIONS });
}

const AT_ONCE = 1000;

async function fillStock(redis: Redis, clients: readonly Credentials[]): Promise<void> {
  for (let from = 0; from < clients.length; from += AT_ONCE) {
    const batch = clients.slice(from, from + AT_ONCE);
    const pairs = batch.flatMap((client) => [
      stockClientKey(client.client_id),
      JSON.stringify(stockClientOf(client)),
    ]);
    await redis.mset(pairs);
  }
}

async function usedBytes(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
}
