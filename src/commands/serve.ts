/** `dcr-bridge serve`. The service is loaded only here: other commands start without its weight. */
import cluster from 'node:cluster';
import { ignoreStopSignals, stopSignal } from '../lib/stop-signal.ts';
import type { Invocation } from './commands.ts';
import { atMost } from './usage-error.ts';

export async function serve({ config, warnings, args }: Invocation): Promise<number> {
  atMost(0, args);
  const told = cluster.isWorker ? ignoreStopSignals() : stopSignal();
  const { main } = await import('../main.ts');
  return main(config, warnings, told);
}
