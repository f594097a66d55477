/**
 * Says when a job more would wait too long in the thread pool (F-22). The pool takes every signature that it is
 * given: where more come than it can make, all are late, and those who gave up are still worked for.
 *
 * The limit is a time, so that a fast machine takes more than a slow one. A short queue is never too long: a
 * burst is served whatever it takes, and so is what a pause leaves (garbage collection, a machine that slept).
 * Only what the pool works on is in it, no store and no peer that is slow.
 */
import type { PoolJobs } from '../lib/thread-pool.ts';

/** Fewer are not too many. */
const ALWAYS = 250;
/** The same of a pool that had no pause for so long: this queue is no burst, and a slow pool is to be spared it. */
const ALWAYS_STANDING = 100;
const STANDING_MS = 1000;
/** Leaves room for a machine that others begin to use while these wait: they then wait twice as long. */
const LONGEST_POOL_MS = 250;
/** Until it is known what the pool can do: 300 ms of RSA 2048 on one core. */
const UNKNOWN_POOL_JOBS = 1000;
/** Busy time that says enough of the pool; ten times that, and half of its weight is let go. */
const LEARNT_MS = 50;
/** Longer between two looks: the process did not run, which says nothing of the pool. */
const PAUSE_MS = 500;

export interface PoolLimit {
  isFull(): boolean;
  /** To be called again and again while there is work; monotonic milliseconds. */
  look(nowMs: number): void;
}

/** How many jobs the pool ends in `LONGEST_POOL_MS`, by what it ended while it always had some (Little's law). */
export function poolLimit({ waiting, ended, idleTimes }: PoolJobs): PoolLimit {
  let mostJobs = UNKNOWN_POOL_JOBS;
  let busy: { readonly sinceMs: number; readonly idleTimes: number } | undefined;
  let lookedMs = 0;
  let endedThen = 0;
  let busyMs = 0;
  let busyEnded = 0;
  function look(now: number): void {
    if (busy?.idleTimes !== idleTimes()) busy = undefined;
    if (busy !== undefined && now - lookedMs < PAUSE_MS) {
      busyMs += now - lookedMs;
      busyEnded += ended() - endedThen;
    }
    if (busyMs > 10 * LEARNT_MS) [busyMs, busyEnded] = [busyMs / 2, busyEnded / 2];
    if (waiting() > 0) busy ??= { sinceMs: now, idleTimes: idleTimes() };
    lookedMs = now;
    endedThen = ended();
    if (busyMs < LEARNT_MS) return;
    const isStanding = busy !== undefined && now - busy.sinceMs > STANDING_MS;
    mostJobs = Math.max(isStanding ? ALWAYS_STANDING : ALWAYS, (LONGEST_POOL_MS * busyEnded) / busyMs);
  }
  return { isFull: () => waiting() >= mostJobs, look };
}
