/**
 * What a running process has used, read from outside (Linux `/proc`), so that the service under test is
 * the one that ships. CPU time, not the clock: a busy neighbour costs a process time, but no CPU time.
 */
import { readdirSync, readFileSync } from 'node:fs';

const NANOSECONDS = 1e-9;
/** `sysconf(_SC_CLK_TCK)`, 100 on every Linux that Node.js runs on (proc(5)). */
const TICKS_PER_SECOND = 100;

/** User and system time of all its threads. */
export function cpuSeconds(pid: number): number {
  try {
    // Threads of Node.js live as long as it does, so none leaves the sum.
    return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + threadSeconds(pid, thread), 0);
  } catch {
    return cpuSecondsInTicks(pid);
  }
}

/** The processes that it has started; those of its threads are its own. */
export function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

function threadSeconds(pid: number, thread: string): number {
  const [onCpu] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
  return Number(onCpu) * NANOSECONDS;
}

/** Of all children of ours that have ended; to a hundredth of a second. */
export function endedChildrenSeconds(): number {
  const fields = statOf('self');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

/** For kernels without scheduler statistics: to a hundredth of a second. */
function cpuSecondsInTicks(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** From the third field on: utime, stime, cutime and cstime are the 14th to 17th. */
function statOf(pid: number | 'self'): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name, which may hold spaces.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Resident memory, in MiB. */
export function residentMiB(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kib === undefined) throw new Error(`process ${pid} has no resident memory; did it end?`);
  return Number(kib) / 1024;
}
