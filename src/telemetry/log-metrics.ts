/** What there is to count of the log itself. */
import { Counter, Registry } from 'prom-client';
import type { MetricsAsJson } from './metrics-together.ts';

export function createLogMetrics(registry: Registry, linesLost: () => number): void {
  new Counter({
    name: 'dcr_bridge_log_lines_lost_total',
    help: 'Lines of the log that nobody read in time, or that its disk had no room for.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(linesLost());
    },
  });
}

/** Of a process that has nothing else to count: it passes on what others log. */
export function logMetricsOnly(linesLost: () => number): () => Promise<MetricsAsJson> {
  const registry = new Registry();
  createLogMetrics(registry, linesLost);
  return () => registry.getMetricsAsJSON();
}
