/** Counts calls in this process's memory: where there is one process, and while the shared count is away. */
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimit, RateLimiter } from '../portals/rate-limiter.ts';

export function memoryRateLimiter(limit: RateLimit): RateLimiter {
  return asPort(memoryCounter(limit));
}

export function memoryCounter({ points, windowSeconds }: RateLimit): RateLimiterMemory {
  return new RateLimiterMemory({ points, duration: windowSeconds });
}

/** The library says "no" by rejecting with a result; anything else that it throws must shut nobody out. */
export function asPort(counter: Pick<RateLimiterAbstract, 'consume'>): RateLimiter {
  return {
    async take(subject, points) {
      try {
        await counter.consume(subject, points);
        return undefined;
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) return undefined;
        return Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
      }
    },
  };
}
