/**
 * A bulkhead for each of many names that nobody knows beforehand: what is slow for one name keeps no other
 * waiting. A name takes memory only while calls of it are under way or wait.
 */
import { type Bulkhead, createBulkhead } from './bulkhead.ts';

export interface LaneLimits {
  readonly limit: number;
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
}

export interface Lanes {
  /** As `Bulkhead.enter`, of the bulkhead of that name. */
  enter(name: string, signal: AbortSignal): ReturnType<Bulkhead['enter']>;
}

export function createLanes({ limit, maxWaiting, maxWaitMs }: LaneLimits): Lanes {
  const lanes = new Map<string, { readonly bulkhead: Bulkhead; users: number }>();
  return {
    async enter(name, signal) {
      const lane = lanes.get(name) ?? { bulkhead: createBulkhead(limit, maxWaitMs, maxWaiting), users: 0 };
      lanes.set(name, lane);
      lane.users += 1;
      const gone = () => {
        lane.users -= 1;
        if (lane.users === 0) lanes.delete(name);
      };
      const leave = await lane.bulkhead.enter(signal);
      if (leave === undefined) gone();
      return (
        leave &&
        (() => {
          leave();
          gone();
        })
      );
    },
  };
}
