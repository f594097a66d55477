/**
 * The time for acts that can't be undone: retiring a key destroys it. A wall clock that is set forward while
 * we run (F-16) does not take this one with it: it runs ahead of what has really elapsed by the skew at most.
 * A node that was started with a slow clock is not held back by it for ever: the store's clock, as it was when
 * first seen, is a witness that the wall clock may be set right by. The witness alone moves nothing, and one
 * that is set forward later does not count: it may be the clock of the same machine.
 */
import type { RingContext } from './ring-context.ts';

export interface SteadyClock {
  readonly now: () => number;
  /** Whether it goes by the witness: times that this node wrote before are of the slow clock. */
  readonly isCorrected: () => boolean;
}

export function steadyClock(
  { now, elapsedMs, storeTime }: Pick<RingContext, 'now' | 'elapsedMs' | 'storeTime'>,
  clockSkewSeconds: number,
): SteadyClock {
  const startedAt = now() - elapsedMs() / 1000;
  let storeStartedAt: number | undefined;
  const latest = (start: number) => Math.floor(start + elapsedMs() / 1000) + clockSkewSeconds;
  const steadyNow = () => {
    const store = storeStartedAt === undefined ? storeTime() : undefined;
    if (store !== undefined) storeStartedAt = (store.epochMs - store.withinMs - elapsedMs()) / 1000;
    return Math.min(now(), latest(Math.max(startedAt, storeStartedAt ?? startedAt)));
  };
  return { now: steadyNow, isCorrected: () => steadyNow() > latest(startedAt) };
}
