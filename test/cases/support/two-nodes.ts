/** Two service processes on one Redis. */
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { type CaseBridge, type CaseOptions, startBridge } from './bridge.ts';

export interface TwoNodes {
  readonly redis: RedisServer;
  readonly one: CaseBridge;
  readonly other: CaseBridge;
  /** Every key of the store whose name has `part` in it, sorted: Redis tells them in any order. */
  keys(part: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function startTwoNodes(options: CaseOptions = {}): Promise<TwoNodes> {
  const redis = await startRedis();
  const env = { ...options.env, STORE_URL: redis.url };
  const one = await startBridge({ ...options, env });
  // Both are the same service: tokens and documents of one must be good at the other.
  const other = await startBridge({ ...options, env: { ...env, ISSUER: one.service.issuer } });
  return {
    redis,
    one,
    other,
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
