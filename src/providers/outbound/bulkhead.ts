/**
 * How many calls to one provider may be under way: a provider that hangs holds that many of our sockets and
 * no more (S-UP-06). As many again may wait, or as many as is said; the next is refused. Nobody waits so long that the time left
 * would not do for an answer: a request that is sent just before its deadline may be carried out unseen.
 */
export interface Bulkhead {
  /** Resolves with the function that gives the place back; `undefined` when too many wait already. */
  enter(signal: AbortSignal): Promise<(() => void) | undefined>;
}

export function createBulkhead(limit: number, maxWaitMs: number, maxWaiting = limit): Bulkhead {
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
      if (waiting.size >= maxWaiting || signal.aborted) return undefined;
      return new Promise((resolve) => {
        const stopWaiting = () => {
          waiting.delete(next);
          clearTimeout(timer);
          signal.removeEventListener('abort', giveUp);
        };
        const next = () => {
          stopWaiting();
          resolve(place());
        };
        const giveUp = () => {
          stopWaiting();
          resolve(undefined);
        };
        const timer = setTimeout(giveUp, maxWaitMs);
        waiting.add(next);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
