/** What is under way at upstream providers, for the metrics. */
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import type { Store } from '../stores/store.ts';
import type { CountIntents } from '../telemetry/intent-gauges.ts';
import { nowSeconds } from './parts.ts';

export function intentCounts({ intents }: Pick<Store, 'intents'>): CountIntents {
  return async () => {
    try {
      const counts = await intents.counts();
      return counts.map(({ state, intents: open, oldest_started_at: oldest }) => ({
        state,
        intents: open,
        oldestAgeSeconds: oldest === undefined ? 0 : Math.max(0, nowSeconds() - oldest),
      }));
    } catch (error) {
      if (error instanceof StoreUnavailable) return undefined;
      throw error;
    }
  };
}
