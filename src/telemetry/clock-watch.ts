/**
 * Watches this node's clock: against the store's, which all nodes share, and against what has really elapsed.
 * It says so, once, when they part and when they are together again, and corrects nothing: which of them is
 * wrong it can't know. Tokens are dated, assertions judged and secrets ended by this node's clock.
 */

/** Verifiers take a token from the future by a few seconds at most, many by none; NTP is off by milliseconds. */
const APART_MS = 5000;
/** What parted is together again only well below that, so that it is not said over and over. */
const TOGETHER_MS = APART_MS / 2;
/** NTP that turns a clock gently moves it by a tenth of this between two looks. */
const JUMP_MS = 1000;

const APART =
  'the clocks of this node and of the store are apart: tokens are dated and assertions judged by this one; ' +
  'look at "chronyc tracking" or "timedatectl" on both machines, and let NTP keep them';
const JUMPED =
  "this machine's clock was set, or the machine slept: tokens and assertions are judged by the new time";

export interface ClockState {
  /** Absent where the store has no clock of its own, or does not answer. */
  readonly aheadOfStoreSeconds: number | undefined;
  readonly inStep: boolean;
  /** How often this machine's clock was set since the start. */
  readonly jumps: number;
}

export interface ClockWatch {
  /** To be called every other second. */
  look(): void;
  state(): ClockState;
}

export interface Clocks {
  readonly epochMs: () => number;
  /** Milliseconds from any fixed moment: what no setting of the clock changes. */
  readonly elapsedMs: () => number;
  /** What the store's clock shows now, give or take `withinMs`. */
  readonly storeTime: () => { readonly epochMs: number; readonly withinMs: number } | undefined;
}

interface ClockLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export function createClockWatch({ epochMs, elapsedMs, storeTime }: Clocks, log: ClockLog): ClockWatch {
  let offsetMs = epochMs() - elapsedMs();
  let isApart = false;
  let jumps = 0;

  function lookForJump(): void {
    const before = offsetMs;
    offsetMs = epochMs() - elapsedMs();
    if (Math.abs(offsetMs - before) < JUMP_MS) return;
    jumps += 1;
    log.warn({ forward_seconds: seconds(offsetMs - before) }, JUMPED);
  }

  function compare(): void {
    const store = storeTime();
    // Nothing is known of a store that is away: neither that it is in step nor that it is not.
    if (store === undefined) return;
    const aheadMs = epochMs() - store.epochMs;
    // The way there and back may have made all of a difference up to `withinMs`.
    const surelyMs = Math.abs(aheadMs) - store.withinMs;
    const isApartNow = surelyMs > (isApart ? TOGETHER_MS : APART_MS);
    if (isApartNow === isApart) return;
    isApart = isApartNow;
    const fields = { ahead_of_store_seconds: seconds(aheadMs), within_seconds: seconds(store.withinMs) };
    if (isApart) log.warn(fields, APART);
    else log.info(fields, 'the clocks of this node and of the store are in step again');
  }

  return {
    look: () => {
      lookForJump();
      compare();
    },
    state: () => {
      const store = storeTime();
      const aheadOfStoreSeconds = store && seconds(epochMs() - store.epochMs);
      return { aheadOfStoreSeconds, inStep: !isApart, jumps };
    },
  };
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
