/**
 * Waits until the machine has nothing else to do, and tells what else it did. CPU times of one process hold
 * beside a busy neighbour; how much two get done on two cores does not.
 */
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_FOR_MS = 250;
const CALM_SHARE = 0.1;
const WAIT_AT_MOST_MS = 10_000;

/** Whether the machine became calm in time. To be asked while the service under test has nothing to do. */
export async function becameCalm(): Promise<boolean> {
  for (const deadline = performance.now() + WAIT_AT_MOST_MS; performance.now() < deadline; ) {
    const others = watchOthers();
    await sleep(LOOK_FOR_MS);
    if (others.wereCalm(0)) return true;
  }
  return false;
}

/** From now on. `ownSeconds`: the CPU time that was used by what is measured and by its generator. */
export function watchOthers(): { readonly wereCalm: (ownSeconds: number) => boolean } {
  const before = cpuTimes();
  return {
    wereCalm(ownSeconds) {
      const after = cpuTimes();
      const others = after.busySeconds - before.busySeconds - ownSeconds;
      return others / (after.allSeconds - before.allSeconds) < CALM_SHARE;
    },
  };
}

const MS_PER_SECOND = 1000;

function cpuTimes(): { readonly busySeconds: number; readonly allSeconds: number } {
  const each = cpus().map((cpu) => cpu.times);
  const idle = each.reduce((sum, time) => sum + time.idle, 0);
  const busy = each.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0);
  return { busySeconds: busy / MS_PER_SECOND, allSeconds: (busy + idle) / MS_PER_SECOND };
}
