/** Two service processes on one Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MEMORY_BEGINS_MS } from '../../support/assertion.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { type CaseBridge, type CaseOptions, startBridge } from './bridge.ts';

export interface TwoNodes {
  readonly redis: RedisServer;
  readonly one: CaseBridge;
  readonly other: CaseBridge;
  /** Every key of the store whose name has `part` in it, sorted: Redis tells them in any order. */
  keys(part: string): Promise<readonly string[]>;
  /** Until Redis has remembered claims for long enough that one of now can not be from before. */
  remembers(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTwoNodes(options: CaseOptions = {}): Promise<TwoNodes> {
  const redis = await startRedis();
  const env = { ...options.env, STORE_URL: redis.url };
  const one = await startBridge({ ...options, env });
  // Both are the same service: tokens and documents of one must be good at the other.
  const other = await startBridge({ ...options, env: { ...env, ISSUER: one.service.issuer } });
  const startedAtMs = performance.now();
  return {
    redis,
    one,
    other,
    remembers: () => sleep(Math.max(0, startedAtMs + MEMORY_BEGINS_MS - performance.now())),
    keys: async (part) => {
      const reply = await redis.command('KEYS', `*${part}*`);
      return reply
        .split('\r\n')
        .filter((line) => line.includes(part))
        .sort();
    },
    stop: async () => {
      await Promise.all([one.service.stop(), other.service.stop()]);
      await redis.stop();
    },
  };
}
