/**
 * Redis's clock, as an estimate over our monotonic one, so that no setting of our own clock changes it. It is
 * read with a question that is asked five times a second anyhow; half the way there and back is its error.
 */
import type { StoreTime } from '../store.ts';

/** Older than this it says nothing: Redis is away, or another one by now. */
const KNOWN_FOR_MS = 10 * 1000;

export interface ServerTime {
  /** `serverMs`: what Redis answered to a question that was asked at `askedAtMs` and answered just now. */
  note(serverMs: number, askedAtMs: number): void;
  now(): StoreTime | undefined;
}

export function serverTime(elapsedMs: () => number): ServerTime {
  let known: { readonly offsetMs: number; readonly withinMs: number; readonly atMs: number } | undefined;
  return {
    note: (serverMs, askedAtMs) => {
      const atMs = elapsedMs();
      known = { offsetMs: serverMs - (askedAtMs + atMs) / 2, withinMs: (atMs - askedAtMs) / 2, atMs };
    },
    now: () => {
      const atMs = elapsedMs();
      if (known === undefined || atMs - known.atMs > KNOWN_FOR_MS) return undefined;
      return { epochMs: atMs + known.offsetMs, withinMs: known.withinMs };
    },
  };
}
