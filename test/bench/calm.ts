/**
 * Waits until the machine has nothing else to do. CPU times of one process hold beside a busy neighbour;
 * how much two get done on two cores does not.
 */
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_FOR_MS = 250;
const CALM_SHARE = 0.1;
const WAIT_AT_MOST_MS = 10_000;

/** Whether the machine became calm in time. To be asked while the service under test has nothing to do. */
export async function becameCalm(): Promise<boolean> {
  for (const deadline = performance.now() + WAIT_AT_MOST_MS; performance.now() < deadline; ) {
    const before = times();
    await sleep(LOOK_FOR_MS);
    const after = times();
    if ((after.busy - before.busy) / (after.all - before.all) < CALM_SHARE) return true;
  }
  return false;
}

function times(): { readonly busy: number; readonly all: number } {
  const each = cpus().map((cpu) => cpu.times);
  const idle = each.reduce((sum, time) => sum + time.idle, 0);
  const busy = each.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0);
  return { busy, all: busy + idle };
}
