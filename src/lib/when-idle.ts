/** Does something once after each busy time: for work that is worth it, and only when nobody waits. */

/**
 * Call it at intervals with the number of requests so far. It calls `act` when there were requests since
 * `act` was last called, and none since the last interval.
 */
export function whenIdle(act: () => void): (requests: number) => void {
  let seen = 0;
  let settled = 0;
  return (requests) => {
    const quiet = requests === seen;
    seen = requests;
    if (!quiet || requests === settled) return;
    settled = requests;
    act();
  };
}
