/** What is counted of calls to upstream providers. A provider's name is the operator's, from the configuration. */
import { Gauge, Histogram, type Registry } from 'prom-client';

export interface UpstreamCall {
  readonly operation: string;
  readonly outcome: string;
  readonly seconds: number;
}

export type CircuitStates = () => Readonly<Record<string, 'closed' | 'open' | 'half_open'>>;

/** Up to the 3 s in which every call ends. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3];

export function createUpstreamMetrics(registry: Registry, circuits: CircuitStates) {
  const registers = [registry];
  const duration = new Histogram({
    name: 'dcr_bridge_upstream_call_duration_seconds',
    help: 'Acts on upstream providers, by what was asked and how it ended.',
    labelNames: ['provider', 'operation', 'outcome'] as const,
    buckets: BUCKETS_SECONDS,
    registers,
  });
  new Gauge({
    name: 'dcr_bridge_upstream_circuit_open',
    help: '1 while an upstream provider is left alone because it failed, else 0.',
    labelNames: ['provider'] as const,
    registers,
    collect() {
      for (const [provider, state] of Object.entries(circuits()))
        this.set({ provider }, state === 'closed' ? 0 : 1);
    },
  });
  return function observe(provider: string, { operation, outcome, seconds }: UpstreamCall): void {
    duration.observe({ provider, operation, outcome }, seconds);
  };
}
