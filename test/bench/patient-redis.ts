/**
 * The store's clients in Redis, with its own scripts and records, over a connection that waits for minutes: a
 * million creates in a row meet a pause that is longer than what the service gives one of them.
 */
import { Redis } from 'ioredis';
import { redisClients } from '../../src/stores/redis/clients.ts';
import type { Commit } from '../../src/stores/redis/commit.ts';
import { readsOver } from '../../src/stores/redis/reads.ts';
import { runScript } from '../../src/stores/redis/script.ts';
import { DEFAULT_KEY_PREFIX, storageKeys } from '../../src/stores/redis/storage-schema.ts';

/** So that a Redis that hangs ends the run. */
const COMMAND_TIMEOUT_MS = 60_000;
/** In Redis's clock, as every commit has one. */
const DEADLINE = Number.MAX_SAFE_INTEGER;

export function patientRedis(url: string): Redis {
  return new Redis(url, { commandTimeout: COMMAND_TIMEOUT_MS, maxRetriesPerRequest: 0 });
}

export function patientCommits(connection: Redis): Commit {
  return async (_operation, script, keys, args) => {
    const reply = await runScript(connection, script, keys, [DEADLINE, ...args]);
    const [outcome, , ...values] = reply as [string, number, ...(string | null)[]];
    return { outcome, values };
  };
}

export function clientsOver(connection: Redis) {
  const keys = storageKeys(DEFAULT_KEY_PREFIX);
  return redisClients(patientCommits(connection), readsOver(connection), keys, () => {});
}
