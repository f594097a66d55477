/**
 * The one way out of the process to an identity provider. Each provider has its own: address guard, pool,
 * bulkhead and circuit breaker, so that one that hangs costs the others nothing (S-UP-06).
 *
 * It promises an answer or an `UpstreamFailure` within the deadline, and that `not_done` is only said where
 * no byte of the request left, or the provider refused it. It sends a request once. It judges the status only
 * as far as the circuit goes; what an answer means is for the caller.
 */
import { UpstreamFailure } from '../../registration/upstream.ts';
import { type CircuitState, createBreaker } from './breaker.ts';
import { createBulkhead } from './bulkhead.ts';
import { OutboundError } from './evidence.ts';
import type { OutboundRequest } from './exchange.ts';
import { guardedWay, type Way, type WayOptions } from './guarded-way.ts';
import { retryAfterSeconds } from './retry-after.ts';

export interface Outbound extends Way {
  circuit(): CircuitState;
}

export interface OutboundOptions extends Omit<WayOptions, 'maxSockets'> {
  readonly maxConcurrent: number;
  /** How long a call may wait for others to end before it is refused. */
  readonly maxWaitMs: number;
  readonly nowMs: () => number;
}

export function createOutbound(options: OutboundOptions): Outbound {
  const way = guardedWay({ ...options, maxSockets: options.maxConcurrent });
  const breaker = createBreaker(options.nowMs);
  const bulkhead = createBulkhead(options.maxConcurrent, options.maxWaitMs);

  return {
    async request(request, signal) {
      const waitMs = breaker.admit();
      if (waitMs > 0) throw unavailable(request, 'CIRCUIT_OPEN', waitMs);
      const leave = await bulkhead.enter(signal);
      if (leave === undefined) {
        breaker.abandoned();
        throw unavailable(request, 'TOO_MANY_CALLS', BUSY_MS);
      }
      try {
        const answer = await way.request(request, signal);
        if (answer.status < 500 && answer.status !== 429) breaker.succeeded();
        else breaker.failed(asMs(retryAfterSeconds(answer.headers['retry-after'], options.nowMs())));
        return answer;
      } catch (error) {
        breaker.failed();
        throw error;
      } finally {
        leave();
      }
    },
    circuit: breaker.state,
    close: way.close,
  };
}

const BUSY_MS = 1_000;

function unavailable(request: OutboundRequest, code: string, waitMs: number): UpstreamFailure {
  return new UpstreamFailure('upstream_unavailable', 'not_done', {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    cause: new OutboundError(request, code),
  });
}

function asMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
