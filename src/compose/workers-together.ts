/** What all workers together say at the ops listener: the least ready one's word, and the sum of their metrics. */
import cluster, { type Worker } from 'node:cluster';
import type { Readiness } from '../telemetry/health.ts';
import { type MetricsAsJson, renderTogether } from '../telemetry/metrics-together.ts';
import { askWorker } from './worker-channel.ts';

export function workers(): readonly Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

const WORST_FIRST: readonly Readiness['status'][] = ['draining', 'degraded', 'ready'];

/** The least ready of the workers: the connections that it is given are not served better by the others. */
export async function readinessOf(isStopping: boolean): Promise<Readiness> {
  const asked = await Promise.all(workers().map((worker) => askWorker<Readiness>(worker, 'readiness')));
  const answers = asked.filter((answer) => answer !== undefined);
  const worst = WORST_FIRST.map((status) => answers.find((answer) => answer.status === status)).find(Boolean);
  const status = isStopping ? 'draining' : (worst?.status ?? 'degraded');
  return { store: { kind: 'redis', up: false }, key_ring: { version: 0, source: 'none' }, ...worst, status };
}

/** `own`: what the supervisor counts beside them. */
export async function renderAll(own: () => Promise<MetricsAsJson>) {
  const asked = await Promise.all([
    own(),
    ...workers().map((worker) => askWorker<MetricsAsJson>(worker, 'metrics')),
  ]);
  return renderTogether(asked.filter((answer) => answer !== undefined));
}
