/**
 * Gives back to the system what loading the modules left behind: parsed sources, stripped types, compiled
 * code that ran once. V8 keeps it for a load that an idle node may never see (about 20 MiB here). Tens of
 * milliseconds long, so it belongs before the first request and into quiet times, not between two.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function returnMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect: NodeJS.GCFunction = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
