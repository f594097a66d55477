/**
 * Counts calls in Redis for all nodes. Each count carries its end from the call that began it, and the
 * library's script gives one that lost it a new one, so that nobody is shut out for ever (S-DOS-05). When
 * Redis does not answer within the command's timeout, this node counts in its own memory. A subject that has
 * used up its budget is refused from memory until the window ends: a flood does not reach Redis.
 */
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { RateLimit, RateLimiter } from '../../portals/rate-limiter.ts';
import { asPort, memoryCounter } from '../memory-rate-limiter.ts';
import type { Connection } from './script.ts';
import type { StorageKeys } from './storage-schema.ts';

export function redisRateLimiter(connection: Connection, keys: StorageKeys, limit: RateLimit): RateLimiter {
  const { points, windowSeconds } = limit;
  return asPort(
    new RateLimiterRedis({
      storeClient: connection,
      // The library adds `:<subject>`.
      keyPrefix: keys.callCounts(points, windowSeconds),
      points,
      duration: windowSeconds,
      inMemoryBlockOnConsumed: points,
      insuranceLimiter: memoryCounter(limit),
    }),
  );
}
