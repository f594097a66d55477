/**
 * For how long this node has seen each key in the state that it is in, by what really elapsed: what is left to go
 * by when the times in the ring are of a clock that was wrong. Counts from the start of the process.
 */
import type { Step } from './due-steps.ts';
import { type KeyLife, leadSeconds } from './key-life.ts';
import type { Ring, RingKey } from './ring.ts';

export interface SeenStates {
  /** This ring is in force now. */
  sees(ring: Ring): void;
  /** 0 for a key that it has not seen. */
  seconds(kid: string): number;
}

export function seenStates(elapsedMs: () => number): SeenStates {
  let seen = new Map<string, { readonly state: RingKey['state']; readonly sinceMs: number }>();
  return {
    sees: ({ keys }) => {
      const sinceMs = elapsedMs();
      seen = new Map(
        keys.map(({ kid, state }) => {
          const before = seen.get(kid);
          return [kid, before?.state === state ? before : { state, sinceMs }];
        }),
      );
    },
    seconds: (kid) => (elapsedMs() - (seen.get(kid)?.sinceMs ?? elapsedMs())) / 1000,
  };
}

/** A key written by a slow clock is past its time by the right one: it waits once more, here, for as long as it has to. */
export function hasLasted(step: Step, life: KeyLife, seen: SeenStates): boolean {
  if (step.act === 'announce') return true;
  return seen.seconds(step.kid) >= (step.act === 'activate' ? leadSeconds(life) : life.retireAfterSeconds);
}
