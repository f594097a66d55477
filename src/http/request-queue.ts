/**
 * Requests in the order in which they came, a slice of them in each turn of the event loop (F-22). At rest it is
 * not there: what comes is served at once.
 *
 * libuv looks for ready sockets up to 48 times before a turn ends, accepts one connection in each, and reads it
 * only in the next. Serving whatever is ready there makes a turn last for seconds in which no probe, no gateway
 * and no timer is heard, and nobody knows how long the rest has waited. So what comes late in a turn is put
 * here, where it is known: while the queue stands, what waited too long is refused, which is quick.
 *
 * It promises nothing of what is under way elsewhere: the thread pool's queue has a limit of its own
 * (`pool-limit.ts`).
 */
const SLICE_MS = 5;
/** A turn is looked at from every so many requests on: that alone costs more than to look. */
const LOOK_EVERY = 64;
/** Some 4,000 elliptic signatures. */
const LONGEST_WAIT_MS = 200;
/** A queue that was empty since, or shorter than that, is a burst or what a pause has left; it is served. */
const STANDING_MS = 500;
const ALWAYS = 250;
/** No turn takes so long to read what is there: the process did not run, and the queue stands for no longer. */
const PAUSE_MS = 250;

export interface QueueOptions<Request> {
  readonly serve: (request: Request) => void;
  readonly refuse: (request: Request) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Calls back when libuv asks for no more sockets. */
  readonly atEndOfTurn: (act: () => void) => void;
  /** Hears of the ends of turns in which there was much to do. */
  readonly turnEnded: (nowMs: number) => void;
}

export function requestQueue<Request>(options: QueueOptions<Request>): (request: Request) => void {
  const { serve, refuse, nowMs, atEndOfTurn, turnEnded } = options;
  const queue: { readonly request: Request; readonly cameMs: number }[] = [];
  let came = 0;
  let turnBeganMs: number | undefined;
  /** Since it was last empty. */
  let standsSinceMs = 0;
  let queued = 0;

  function isTooLate(cameMs: number, now: number): boolean {
    return queued > ALWAYS && now - standsSinceMs > STANDING_MS && now - cameMs > LONGEST_WAIT_MS;
  }

  function endTurn(): void {
    const began = nowMs();
    let [done, now] = [0, began];
    if (turnBeganMs !== undefined && began - turnBeganMs > PAUSE_MS) standsSinceMs = began;
    for (; now - began <= SLICE_MS && done < queue.length; now = nowMs()) {
      const next = queue[done];
      done += 1;
      if (next === undefined) break;
      if (isTooLate(next.cameMs, now)) refuse(next.request);
      else serve(next.request);
    }
    queue.splice(0, done);
    turnBeganMs = queue.length > 0 ? now : undefined;
    if (turnBeganMs !== undefined) atEndOfTurn(endTurn);
    turnEnded(now);
  }

  function put(request: Request, now: number): void {
    if (queue.length === 0) [standsSinceMs, queued] = [now, 0];
    queued += 1;
    queue.push({ request, cameMs: now });
  }

  return function take(request) {
    came += 1;
    if (turnBeganMs === undefined && came >= LOOK_EVERY) {
      came = 0;
      turnBeganMs = nowMs();
      atEndOfTurn(endTurn);
    }
    if (turnBeganMs === undefined) return serve(request);
    const now = nowMs();
    if (queue.length > 0 || now - turnBeganMs > SLICE_MS) put(request, now);
    else serve(request);
  };
}
