/**
 * What can be counted, for Prometheus. Every label takes its values from a fixed set of ours (listener,
 * route template, status, reason code) or is the name of a portal, which the operator gave: neither a client id nor anything that a caller chooses becomes one,
 * so that the number of series is bounded and the page tells nothing about a client (S-META-12).
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ClientCacheState } from '../clients/client-cache.ts';
import { RING_TROUBLES, type RingTrouble } from '../keys/key-ring.ts';
import { type CountClients, createClientGauges } from './client-gauges.ts';
import { createClockMetrics } from './clock-metrics.ts';
import type { ClockState } from './clock-watch.ts';
import { type CountIntents, createIntentGauges } from './intent-gauges.ts';
import { createLogMetrics } from './log-metrics.ts';
import type { MetricsAsJson } from './metrics-together.ts';
import { createRequestHistogram } from './request-histogram.ts';
import { type CircuitStates, createUpstreamMetrics, type UpstreamCall } from './upstream-metrics.ts';

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
  /** Too many came for it to be answered in time. */
  requestShed(): void;
  /** `provider`: a name of the configuration. */
  upstreamAnswerLost(provider: string): void;
  upstreamCalled(provider: string, call: UpstreamCall): void;
  /** From a client's `jwks_uri`. */
  clientKeysFetched(outcome: 'ok' | 'failed'): void;
  /** Requests so far, those of probes left out. */
  requests(): number;
  /** For another process, which puts it together with others'. */
  asJson(): Promise<MetricsAsJson>;
  /** The exposition text and its content type. */
  render(): Promise<{ readonly text: string; readonly contentType: string }>;
}

export interface MetricsState {
  readonly ringVersion: () => number;
  readonly ringUnconfirmedSeconds: () => number;
  readonly ringTroubles: () => ReadonlySet<RingTrouble>;
  readonly countClients: CountClients;
  readonly countIntents: CountIntents;
  readonly clientCache: () => ClientCacheState;
  readonly circuits: CircuitStates;
  readonly clock: () => ClockState;
  readonly logLinesLost: () => number;
}

export function createMetrics(state: MetricsState): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 10 });
  const observe = createRequestHistogram(registry);
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
  const shed = new Counter({
    name: 'dcr_bridge_requests_shed_total',
    help: 'Requests answered 503 unread, because more came than could be answered in time.',
    registers,
  });
  const answersLost = new Counter({
    name: 'dcr_bridge_upstream_unknown_total',
    help: 'Acts at an upstream provider of which the answer was lost, so that they may have been done.',
    labelNames: ['provider'] as const,
    registers,
  });
  const keysFetched = new Counter({
    name: 'dcr_bridge_client_jwks_fetches_total',
    help: 'Fetches of key sets from the jwks_uri of clients.',
    labelNames: ['outcome'] as const,
    registers,
  });
  new Gauge({
    name: 'dcr_bridge_key_ring_unconfirmed_seconds',
    help: 'Time since the store last confirmed the key ring of this node; it signs nothing when this gets near key_retire_after_seconds.',
    registers,
    collect() {
      this.set(state.ringUnconfirmedSeconds());
    },
  });
  new Gauge({
    name: 'dcr_bridge_key_ring_version',
    help: 'Version of the key ring in force on this node; nodes that differ for long do not see the same store.',
    registers,
    // Of several workers, the one that is behind.
    aggregator: 'min',
    collect() {
      this.set(state.ringVersion());
    },
  });
  new Gauge({
    name: 'dcr_bridge_key_ring_trouble',
    help: '1 while the key ring is in this trouble: its store, its copy on disk, a change that is overdue, or nothing signed.',
    labelNames: ['trouble'] as const,
    registers,
    aggregator: 'max',
    collect() {
      const troubles = state.ringTroubles();
      for (const trouble of RING_TROUBLES) this.set({ trouble }, troubles.has(trouble) ? 1 : 0);
    },
  });
  createClockMetrics(registry, state.clock);
  const updateClients = createClientGauges(registry, state.countClients);
  const updateIntents = createIntentGauges(registry, state.countIntents);
  for (const { name, help, value, aggregator = 'sum' } of CLIENT_CACHE) {
    new Gauge({
      name: `dcr_bridge_client_cache_${name}`,
      help,
      aggregator,
      registers,
      collect() {
        this.set(value(state.clientCache()));
      },
    });
  }
  new Counter({
    name: 'dcr_bridge_client_cache_misses_total',
    help: 'Clients read from the store for a token.',
    registers,
    collect() {
      this.reset();
      this.inc(state.clientCache().misses);
    },
  });
  createLogMetrics(registry, state.logLinesLost);
  const update = () => Promise.all([updateClients(), updateIntents()]);
  let requests = 0;
  return {
    observe: (request) => {
      if (request.listener !== 'ops') requests += 1;
      observe(request);
    },
    requests: () => requests,
    upstreamCalled: createUpstreamMetrics(registry, state.circuits),
    clientKeysFetched: (outcome) => keysFetched.inc({ outcome }),
    tokenIssued: () => issued.inc(),
    tokenRefused: (reason) => refused.inc({ reason }),
    requestShed: () => shed.inc(),
    upstreamAnswerLost: (provider) => answersLost.inc({ provider }),
    asJson: async () => {
      await update();
      return registry.getMetricsAsJSON();
    },
    render: async () => {
      await update();
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}

const CLIENT_CACHE: readonly {
  readonly name: string;
  readonly help: string;
  readonly value: (state: ClientCacheState) => number;
  readonly aggregator?: 'max';
}[] = [
  { name: 'clients', help: 'Clients kept in memory for the next token.', value: ({ clients }) => clients },
  { name: 'bytes', help: 'About what they take.', value: ({ bytes }) => bytes },
  {
    name: 'oldest_age_seconds',
    help: 'How far tokens may be issued on what the store had before; beyond 5 only while it is away.',
    value: ({ oldestAgeSeconds }) => oldestAgeSeconds,
    aggregator: 'max',
  },
];
