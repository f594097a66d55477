/** The metrics of several processes on one page: counts are added, and what can't be is as its metric says. */
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

export type MetricsAsJson = readonly MetricObjectWithValues<MetricValue<string>>[];

export async function renderTogether(
  processes: readonly MetricsAsJson[],
): Promise<{ readonly text: string; readonly contentType: string }> {
  const registry = AggregatorRegistry.aggregate([...processes] as never);
  return { text: await registry.metrics(), contentType: registry.contentType };
}
