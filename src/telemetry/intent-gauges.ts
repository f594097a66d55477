/**
 * What is under way at upstream providers, by state, and since when: asked of the store before each scrape.
 * While the store does not answer nothing is said of it.
 */
import { Gauge, type Registry } from 'prom-client';

export interface IntentCounts {
  readonly state: string;
  readonly intents: number;
  /** Seconds since the oldest was begun; 0 when there is none. */
  readonly oldestAgeSeconds: number;
}

/** The counts of now, one for each state, or `undefined` while they can't be had. */
export type CountIntents = () => Promise<readonly IntentCounts[] | undefined>;

/** Returns what brings the gauges up to date; before each scrape. */
export function createIntentGauges(registry: Registry, count: CountIntents): () => Promise<void> {
  const registers = [registry];
  const labelNames = ['state'] as const;
  // Every process counts the same.
  const aggregator = 'max';
  const open = new Gauge({
    name: 'dcr_bridge_upstream_intents',
    aggregator,
    help: 'Acts at upstream providers that have begun and not ended; "unknown" and "unmanageable" may need a person.',
    labelNames,
    registers,
  });
  const oldest = new Gauge({
    name: 'dcr_bridge_upstream_intent_oldest_seconds',
    aggregator,
    help: 'Age of the oldest of them.',
    labelNames,
    registers,
  });
  return async function update() {
    const counts = await count();
    for (const gauge of [open, oldest]) gauge.reset();
    for (const { state, intents, oldestAgeSeconds } of counts ?? []) {
      open.set({ state }, intents);
      oldest.set({ state }, oldestAgeSeconds);
    }
  };
}
