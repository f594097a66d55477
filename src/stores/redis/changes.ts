/**
 * Hears of changed clients from a stream that every commit adds to. A log that is read, not a message that
 * is sent: whoever was away reads on where it stopped, so a connection that is lost costs nothing and loses
 * nothing. What can't be read on (trimmed, lost by a failover) is noticed by the entries' numbers and times.
 *
 * Tracking by RESP3 would forget what it owed when its connection ends, is not told of by ioredis, and has
 * to be set up anew on whichever server of a cluster holds the slot.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientChanges } from '../../clients/client-changes.ts';
import type { ClientId } from '../../clients/client-id.ts';
import type { StoreEpoch } from './epoch.ts';
import { lookAround } from './read-scripts.ts';
import { type Reads, readsOver } from './reads.ts';
import type { Connection } from './script.ts';
import type { ServerTime } from './server-time.ts';
import type { StorageKeys } from './storage-schema.ts';
import type { StoreLog } from './watch.ts';

/** How long Redis waits for a change before it says that there is none; below the timeout of a command. */
const WAIT_MS = 200;
const MOST_AT_ONCE = 1000;
const PAUSE_AFTER_FAILURE_MS = 100;

export interface RedisChangesOptions {
  /** A connection of its own, when its first attempt is over: what waits on it must not hold up others. */
  readonly open: () => Promise<Connection>;
  readonly reads: Reads;
  readonly keys: StorageKeys;
  readonly epoch: StoreEpoch;
  /** Is told Redis's time on the way. */
  readonly time: Pick<ServerTime, 'note'>;
  /** Monotonic milliseconds, those of `toldUntilMs`. */
  readonly nowMs: () => number;
  readonly log: StoreLog | undefined;
}

/** Where in the stream we are: an entry, and its time by Redis's clock (`''` before the first). */
interface Place {
  readonly entry: string;
  readonly at: string;
}

type LookedAround = readonly [current: string, entry: string, at: string, atOfSeen: string];

export function redisChanges(options: RedisChangesOptions): ClientChanges {
  const { open, reads, keys, epoch, time, nowMs, log } = options;
  let toldUntilMs = Number.NEGATIVE_INFINITY;
  let away = false;
  let emptied = false;

  function noteEmptied(now: boolean): void {
    if (now && !emptied) {
      const todo = 'restore its data, or start every node anew to begin with an empty store';
      log?.warn(
        {},
        `Redis was emptied or replaced; nothing is changed and no client is called unknown: ${todo}`,
      );
    }
    emptied = now;
  }

  async function followOn(changed: (id: ClientId | undefined) => void, asked: () => void) {
    const connection = await open();
    const own = readsOver(connection);
    let seen: Place | undefined;

    /** Whether the store is the one that is known. Then `seen` is where to read on. */
    async function findPlace(): Promise<boolean> {
      const askedAtMs = nowMs();
      const args = [epoch.proposal(), seen?.entry ?? '0-0'];
      const found = await own.script(
        'clients.changes',
        lookAround,
        [keys.storeEpoch, keys.clientChanges],
        args,
      );
      const [serverMs, current, entry, at, atOfSeen] = found as readonly [number, ...LookedAround];
      time.note(serverMs, askedAtMs);
      noteEmptied(!epoch.isKnown(current));
      if (emptied) return false;
      if (seen === undefined || seen.at !== atOfSeen) {
        seen = { entry, at };
        toldUntilMs = askedAtMs;
        changed(undefined);
      }
      return true;
    }

    async function readOn(from: Place): Promise<void> {
      const askedAtMs = nowMs();
      const entries = await own.entriesAfter('clients.changes', keys.clientChanges, from.entry, {
        count: MOST_AT_ONCE,
        waitMs: WAIT_MS,
      });
      for (const [entry, [, id, , at = '']] of entries) {
        changed(isNext(entry, seen?.entry) ? (id as ClientId) : undefined);
        seen = { entry, at };
      }
      if (entries.length < MOST_AT_ONCE) toldUntilMs = askedAtMs;
    }

    while (connection.status !== 'end') {
      try {
        const isKnown = await findPlace();
        asked();
        if (isKnown && seen !== undefined) await readOn(seen);
        else await sleep(PAUSE_AFTER_FAILURE_MS, undefined, { ref: false });
        away = false;
      } catch {
        // Only this connection, or the store? The log hears of it from the connection (`watch.ts`).
        away = await reads.text('clients.changes', keys.storeEpoch).then(
          () => false,
          () => true,
        );
        asked();
        await sleep(PAUSE_AFTER_FAILURE_MS, undefined, { ref: false });
      }
    }
    // Closed before the first answer: nobody waits for one any more.
    asked();
  }

  return {
    follow: (changed) => new Promise((asked) => void followOn(changed, asked)),
    toldUntilMs: () => toldUntilMs,
    storeIsAway: () => away || emptied,
  };
}

function isNext(entry: string, before: string | undefined): boolean {
  return Number.parseInt(entry, 10) === Number.parseInt(before ?? '', 10) + 1;
}
