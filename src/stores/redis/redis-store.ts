/**
 * The store in Redis, shared by any number of nodes. It opens whether Redis is there or not: until it is,
 * every call throws `StoreUnavailable` at once, and calls succeed again by themselves when it comes.
 * Commits and reads have a connection each: one that is cut (a demoted primary) does not fail the other.
 */

import { randomBytes } from 'node:crypto';
import type { Store } from '../store.ts';
import { redisChanges } from './changes.ts';
import { redisClients } from './clients.ts';
import { commits } from './commit.ts';
import { COMMAND_TIMEOUT_MS, connect, disconnect } from './connect.ts';
import { redisDurability } from './durability.ts';
import { storeEpoch } from './epoch.ts';
import { redisIntents } from './intents.ts';
import { redisLeases } from './leases.ts';
import { redisPortals } from './portals.ts';
import { redisRateLimiter } from './rate-limiter.ts';
import { redisReaders } from './readers.ts';
import { readsOver } from './reads.ts';
import { parseRedisUrl } from './redis-url.ts';
import { redisReplays, rememberReplays } from './replays.ts';
import { redisRevocations } from './revocations.ts';
import { ping } from './ring-scripts.ts';
import { redisRings } from './rings.ts';
import type { Connection } from './script.ts';
import { redisSecretUsage } from './secret-usage.ts';
import { serverTime } from './server-time.ts';
import { DEFAULT_KEY_PREFIX, storageKeys } from './storage-schema.ts';
import { firstAttempt, type StoreLog, watch } from './watch.ts';

export interface RedisStoreOptions {
  readonly url: string;
  /** For several services on one Redis. It must hold a hash tag: `{other}:`. */
  readonly keyPrefix?: string;
  readonly log?: StoreLog;
  /** For whom nobody waits; R-04 needs the default. */
  readonly commandTimeoutMs?: number;
}

/** How long opening waits for Redis; a service that starts without it starts degraded. */
const OPEN_TIMEOUT_MS = 1000;

/** Throws `StoreMisconfigured` for a malformed URL, and for nothing else. */
export async function openRedisStore(options: RedisStoreOptions): Promise<Store> {
  const target = parseRedisUrl(options.url);
  const keys = storageKeys(options.keyPrefix ?? DEFAULT_KEY_PREFIX);
  const { commandTimeoutMs = COMMAND_TIMEOUT_MS } = options;
  const open = (name: string): Connection => {
    const connection = connect(target, name, commandTimeoutMs);
    watch(connection, name, options.log);
    return connection;
  };
  const committing = open('commit');
  const reading = open('read');
  const connections = [committing, reading];
  const epoch = storeEpoch(keys, randomBytes);
  const commit = commits(committing, commandTimeoutMs, epoch.whichStore);
  const reads = readsOver(reading);
  const nowMs = () => performance.now();
  const time = serverTime(nowMs);
  const openChanges = async () => {
    const connection = open('changes');
    connections.push(connection);
    await firstAttempt(connection, OPEN_TIMEOUT_MS);
    return connection;
  };
  await Promise.all(connections.map((connection) => firstAttempt(connection, OPEN_TIMEOUT_MS)));
  await rememberReplays(committing, commit, keys);

  return {
    kind: 'redis',
    clients: redisClients(commit, reads, keys, epoch.refuseEmptied),
    clientChanges: redisChanges({ open: openChanges, reads, keys, epoch, time, nowMs, log: options.log }),
    portals: redisPortals(commit, reads, keys, epoch.refuseEmptied),
    // A node puts its copy of the ring into an emptied store, so that tokens still verify.
    rings: redisRings(commits(committing, commandTimeoutMs), reads, keys),
    secretUsage: redisSecretUsage(commit, reads, keys),
    intents: redisIntents(commit, reads, keys),
    leases: redisLeases(commit, keys),
    readers: redisReaders(commit, reads, keys),
    revocations: redisRevocations(commit, reads, keys),
    replays: redisReplays(commit, keys),
    rateLimiter: (limit) => redisRateLimiter(reading, keys, limit),
    async ping() {
      await Promise.all([commit('ping', ping, [keys.ring], []), reads.text('ping', keys.clientCount)]);
    },
    durability: () => redisDurability(committing, target),
    time: time.now,
    async close() {
      for (const connection of connections) disconnect(connection);
    },
  };
}
