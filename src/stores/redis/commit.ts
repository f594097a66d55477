/**
 * Runs a commit script by its deadline. The deadline is in Redis's clock, of which we keep an estimate
 * from the replies: no clocks have to agree, and Redis's may be set while we run. A wrong estimate is
 * corrected by the reply that says so, and the script is sent once more; it had done nothing.
 */
import { StoreUnavailable } from '../../lib/store-unavailable.ts';
import { storeEmptied } from './epoch.ts';
import { commitFailed } from './failure.ts';
import { type Connection, runScript, type Script } from './script.ts';

/** It is over so long before the caller gives up, whose timer counts from the beginning of its turn of the event loop. */
const EARLIER_MS = 50;
/**
 * Clocks that nobody sets drift apart by some hundred milliseconds an hour. Where Redis was not heard for longer, its
 * time is asked for by a commit that is late in any case.
 */
const KNOWN_FOR_MS = 60 * 1000;

export type Commit = (
  operation: string,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<Committed>;

export interface Committed {
  readonly outcome: string;
  /** What the script answered beside the outcome. */
  readonly values: readonly (string | null)[];
}

/** `whichStore`: what every commit's first argument says besides its deadline, `''` or `<key> <epoch>`. */
export function commits(
  connection: Connection,
  commandTimeoutMs: number,
  whichStore: () => string = () => '',
): Commit {
  const withinMs = commandTimeoutMs - EARLIER_MS;
  /** Redis's clock minus our monotonic one, at least; unknown until the first reply of a connection. */
  let clockOffsetMs: number | undefined;
  let heardAtMs = 0;
  connection.on('close', () => {
    clockOffsetMs = undefined;
  });

  /**
   * Redis told its time at some moment between our question and its answer. Where that took long, nobody knows
   * which: the middle may be late by half of it, and a commit would be done after its caller was told 503.
   */
  function noteTime(redisNow: number, sentAt: number): void {
    heardAtMs = performance.now();
    // It tells whole milliseconds.
    const [least, most] = [redisNow - heardAtMs, redisNow + 1 - sentAt];
    const known = Math.max(least, clockOffsetMs ?? least);
    // More than it can be: Redis's clock was set back since.
    clockOffsetMs = known > most ? least : known;
  }

  async function send(script: Script, keys: readonly string[], args: readonly (string | number)[]) {
    const sentAt = performance.now();
    if (sentAt - heardAtMs > KNOWN_FOR_MS) clockOffsetMs = undefined;
    const deadline = clockOffsetMs === undefined ? 0 : Math.floor(sentAt + clockOffsetMs + withinMs);
    const [outcome, redisNow, ...values] = (await runScript(connection, script, keys, [
      `${deadline} ${whichStore()}`.trimEnd(),
      ...args,
    ])) as [string, number, ...(string | null)[]];
    noteTime(redisNow, sentAt);
    return { outcome, values };
  }

  return async (operation, script, keys, args) => {
    if (connection.status === 'end') throw new StoreUnavailable(`${operation}: closed`, 'not_done');
    try {
      const first = await send(script, keys, args);
      if (first.outcome === 'emptied') throw storeEmptied(operation);
      if (first.outcome !== 'late') return first;
      const second = await send(script, keys, args);
      if (second.outcome === 'emptied') throw storeEmptied(operation);
      if (second.outcome !== 'late') return second;
    } catch (error) {
      throw commitFailed(operation, error);
    }
    throw new StoreUnavailable(`${operation}: Redis got to it after its deadline`, 'not_done');
  };
}
