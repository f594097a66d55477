/**
 * What can be counted, for Prometheus. Every label takes its values from a fixed set of ours (listener,
 * route template, status, reason code): neither a client id nor anything that a caller chooses becomes one,
 * so that the number of series is bounded and the page tells nothing about a client (S-META-12).
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface RequestObservation {
  readonly listener: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

export interface RequestMetrics {
  observe(request: RequestObservation): void;
}

export interface Metrics extends RequestMetrics {
  tokenIssued(): void;
  /** `reason`: an OAuth error code, or `store_unavailable`, `internal_error`. */
  tokenRefused(reason: string): void;
  /** The exposition text and its content type. */
  render(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** From 100 µs, where a token starts, to the 5 s in which every request must end. */
const SECONDS_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export function createMetrics(state: { readonly ringVersion: () => number }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 10 });
  const duration = new Histogram({
    name: 'dcr_bridge_http_request_duration_seconds',
    help: 'Time from the request line to the finished response, by listener, route template, method and status.',
    labelNames: ['listener', 'route', 'method', 'status'] as const,
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const issued = new Counter({
    name: 'dcr_bridge_tokens_issued_total',
    help: 'Access tokens issued.',
    registers,
  });
  const refused = new Counter({
    name: 'dcr_bridge_tokens_refused_total',
    help: 'Token requests refused, by error code.',
    labelNames: ['reason'] as const,
    registers,
  });
  new Gauge({
    name: 'dcr_bridge_key_ring_version',
    help: 'Version of the key ring in force on this node; nodes that differ for long do not see the same store.',
    registers,
    collect() {
      this.set(state.ringVersion());
    },
  });
  return {
    observe: ({ listener, route, method, status, seconds }) =>
      duration.observe({ listener, route, method: METHODS.has(method) ? method : 'other', status }, seconds),
    tokenIssued: () => issued.inc(),
    tokenRefused: (reason) => refused.inc({ reason }),
    render: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}
