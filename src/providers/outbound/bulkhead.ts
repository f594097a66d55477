/**
 * How many calls to one provider may be under way: a provider that hangs holds that many of our sockets and
 * no more (S-UP-06). As many again may wait, for no longer than their own deadline; the next is refused.
 */
export interface Bulkhead {
  /** Resolves with the function that gives the place back; `undefined` when too many wait already. */
  enter(signal: AbortSignal): Promise<(() => void) | undefined>;
}

export function createBulkhead(limit: number): Bulkhead {
  let taken = 0;
  const waiting = new Set<() => void>();

  const leave = () => {
    const [next] = waiting;
    // The place is handed on, so that nobody who comes later slips in before.
    if (next === undefined) taken -= 1;
    else next();
  };
  const place = () => {
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  };

  return {
    async enter(signal) {
      if (taken < limit) {
        taken += 1;
        return place();
      }
      if (waiting.size >= limit || signal.aborted) return undefined;
      return new Promise((resolve) => {
        const next = () => {
          waiting.delete(next);
          signal.removeEventListener('abort', giveUp);
          resolve(place());
        };
        const giveUp = () => {
          waiting.delete(next);
          resolve(undefined);
        };
        waiting.add(next);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
