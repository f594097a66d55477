/**
 * A way out that judges where it leads: an address that is not allowed is not connected to, `http:` only to
 * loopback in development. It sends a request once and reads its answer within the bounds of `exchange.ts`; it
 * remembers nothing of how the other side has been, and keeps nobody waiting for others.
 */
import { isIP } from 'node:net';
import { UpstreamFailure } from '../../registration/upstream.ts';
import { addressGuard } from './address-guard.ts';
import { codeOf, OutboundError } from './evidence.ts';
import { type ExchangeFailure, exchange, type OutboundAnswer, type OutboundRequest } from './exchange.ts';
import { guardedAgents, type Resolve, refusedAddress, type TlsFiles } from './guarded-agent.ts';

export interface Way {
  /** Throws `UpstreamFailure`: `not_done` only where no byte of the request left. */
  request(request: OutboundRequest, signal: AbortSignal): Promise<OutboundAnswer>;
  close(): void;
}

export interface WayOptions {
  /** CIDR networks beside the public ones. */
  readonly networks: readonly string[];
  /** Loopback addresses, and `http:` to them. Development only. */
  readonly allowLoopback: boolean;
  /** To one host. */
  readonly maxSockets: number;
  readonly tls: TlsFiles;
  readonly resolve?: Resolve | undefined;
}

export function guardedWay(options: WayOptions): Way {
  const isAllowed = addressGuard({ networks: options.networks, loopback: options.allowLoopback });
  const agents = guardedAgents({ ...options, isAllowed });
  return {
    async request(request, signal) {
      const host = request.url.hostname.replace(/^\[(.*)\]$/, '$1');
      // A literal address is connected to without being looked up, so it is judged here.
      if (isIP(host) !== 0 && !isAllowed(host)) throw failureOf(request, unsent(refusedAddress()), signal);
      if (request.url.protocol !== 'https:' && !(options.allowLoopback && request.url.protocol === 'http:'))
        throw failureOf(request, unsent(Object.assign(new Error('insecure'), { code: 'INSECURE' })), signal);
      const agent = request.url.protocol === 'https:' ? agents.https : agents.http;
      const exchanged = await exchange(request, agent, signal);
      if ('failure' in exchanged) throw failureOf(request, exchanged.failure, signal);
      return exchanged.answer;
    },
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
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
