/** What is shown of this node's clock (`clock-watch.ts`). */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ClockState } from './clock-watch.ts';

export function createClockMetrics(registry: Registry, clock: () => ClockState): void {
  const registers = [registry];
  new Gauge({
    name: 'dcr_bridge_clock_ahead_of_store_seconds',
    help: "This node's clock less the store's; nothing while the store does not answer, or has no clock of its own.",
    registers,
    // Workers are on one machine and see one clock.
    aggregator: 'average',
    collect() {
      const { aheadOfStoreSeconds } = clock();
      if (aheadOfStoreSeconds === undefined) this.remove();
      else this.set(aheadOfStoreSeconds);
    },
  });
  new Counter({
    name: 'dcr_bridge_clock_jumps_total',
    help: "How often this machine's clock was set, or the machine slept, since the start.",
    registers,
    aggregator: 'max',
    collect() {
      this.reset();
      this.inc(clock().jumps);
    },
  });
}
