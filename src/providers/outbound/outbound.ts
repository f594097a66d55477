/**
 * The one way out of the process to an identity provider. Each provider has its own: address guard, pool,
 * bulkhead and circuit breaker, so that one that hangs costs the others nothing (S-UP-06).
 *
 * It promises an answer or an `UpstreamFailure` within the deadline, and that `not_done` is only said where
 * no byte of the request left, or the provider refused it. It sends a request once. It judges the status only
 * as far as the circuit goes; what an answer means is for the caller.
 */
import { isIP } from 'node:net';
import { UpstreamFailure } from '../../registration/upstream.ts';
import { addressGuard } from './address-guard.ts';
import { type CircuitState, createBreaker } from './breaker.ts';
import { createBulkhead } from './bulkhead.ts';
import { codeOf, OutboundError } from './evidence.ts';
import { type ExchangeFailure, exchange, type OutboundAnswer, type OutboundRequest } from './exchange.ts';
import { guardedAgents, type Resolve, refusedAddress, type TlsFiles } from './guarded-agent.ts';
import { retryAfterSeconds } from './retry-after.ts';

export interface Outbound {
  request(request: OutboundRequest, signal: AbortSignal): Promise<OutboundAnswer>;
  circuit(): CircuitState;
  close(): void;
}

export interface OutboundOptions {
  /** CIDR networks beside the public ones. */
  readonly networks: readonly string[];
  /** Loopback addresses, and `http:` to them. Development only. */
  readonly allowLoopback: boolean;
  readonly maxConcurrent: number;
  /** How long a call may wait for others to end before it is refused. */
  readonly maxWaitMs: number;
  readonly tls: TlsFiles;
  readonly nowMs: () => number;
  readonly resolve?: Resolve;
}

export function createOutbound(options: OutboundOptions): Outbound {
  const isAllowed = addressGuard({ networks: options.networks, loopback: options.allowLoopback });
  const agents = guardedAgents({
    isAllowed,
    maxSockets: options.maxConcurrent,
    tls: options.tls,
    resolve: options.resolve,
  });
  const breaker = createBreaker(options.nowMs);
  const bulkhead = createBulkhead(options.maxConcurrent, options.maxWaitMs);

  async function send(request: OutboundRequest, signal: AbortSignal): Promise<OutboundAnswer> {
    const host = request.url.hostname.replace(/^\[(.*)\]$/, '$1');
    // A literal address is connected to without being looked up, so it is judged here.
    if (isIP(host) !== 0 && !isAllowed(host)) throw failureOf(request, unsent(refusedAddress()), signal);
    if (request.url.protocol !== 'https:' && !(options.allowLoopback && request.url.protocol === 'http:'))
      throw failureOf(request, unsent(Object.assign(new Error('insecure'), { code: 'INSECURE' })), signal);
    const agent = request.url.protocol === 'https:' ? agents.https : agents.http;
    const exchanged = await exchange(request, agent, signal);
    if ('failure' in exchanged) throw failureOf(request, exchanged.failure, signal);
    return exchanged.answer;
  }

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
        const answer = await send(request, signal);
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
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

const BUSY_MS = 1_000;

function unavailable(request: OutboundRequest, code: string, waitMs: number): UpstreamFailure {
  return new UpstreamFailure('upstream_unavailable', 'not_done', {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    cause: new OutboundError(request, code),
  });
}

function failureOf(
  request: OutboundRequest,
  { sent, status, error }: ExchangeFailure,
  signal: AbortSignal,
): UpstreamFailure {
  const timedOut = signal.aborted;
  const reason = timedOut
    ? 'upstream_timeout'
    : status === undefined
      ? 'upstream_unreachable'
      : 'upstream_malformed';
  return new UpstreamFailure(reason, sent ? 'unknown' : 'not_done', {
    status,
    cause: new OutboundError(request, timedOut ? 'DEADLINE' : codeOf(error), status),
  });
}

function unsent(error: Error): ExchangeFailure {
  return { sent: false, status: undefined, error };
}

function asMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
