/** How the bridge's endpoints are bound to routes: limits, and the headers that a key may come in. */
import { policyOf } from '../config/policy.ts';
import type { BindOptions } from '../http/bind-endpoints.ts';
import type { RateLimiter } from '../portals/rate-limiter.ts';
import { FAILURES_PER_MINUTE } from './failures-per-minute.ts';
import { nowSeconds, type Parts } from './parts.ts';

const MINUTE_SECONDS = 60;

export function bindOptions({ config, store }: Parts): Omit<BindOptions, 'authenticate'> {
  const byPoints = new Map<number, RateLimiter>();
  const limiter = (points: number) => {
    const known = byPoints.get(points) ?? store.rateLimiter({ points, windowSeconds: MINUTE_SECONDS });
    byPoints.set(points, known);
    return known;
  };
  return {
    takeCall: ({ portal, subject }) => limiter(policyOf(config, portal).calls_per_minute).take(subject, 1),
    takeFailure: (address) => limiter(FAILURES_PER_MINUTE).take(`failed:${address}`, 1),
    keyHeaders: [
      ...new Set(Object.values(config.portals).flatMap(({ api_key_headers = [] }) => api_key_headers)),
    ],
    keyHeadersOf: (portal) => policyOf(config, portal).api_key_headers,
    bodyLimits: { bytes: config.body_limit_bytes, timeoutMs: config.request_deadline_ms },
    now: nowSeconds,
  };
}
