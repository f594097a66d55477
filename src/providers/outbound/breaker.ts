/**
 * A circuit breaker: after some failures in a row, or when the provider says when to come back, nothing is
 * sent for a while; then one call is let through as a probe, and what becomes of it decides.
 *
 * Ours and not a library's: the one that fits best keeps callers waiting on a probe's outcome beyond their
 * own deadline, and opens for one length of time, whatever a provider's `Retry-After` says.
 */
export type CircuitState = 'closed' | 'open' | 'half_open';

export interface Breaker {
  /** 0: go, and tell what became of it. Else the milliseconds after which to try again. */
  admit(): number;
  succeeded(): void;
  /** `retryAfterMs`: the provider asked to be left alone for that long; the circuit opens at once. */
  failed(retryAfterMs?: number): void;
  /** The call that was let through ended before it could tell anything about the provider. */
  abandoned(): void;
  state(): CircuitState;
}

const FAILURES_IN_A_ROW = 5;
const OPEN_MS = 5_000;
/** A provider that asks for an hour is asked again sooner: it is one probe, and it may be back. */
const MAX_OPEN_MS = 30_000;

export function createBreaker(nowMs: () => number): Breaker {
  let failures = 0;
  let openUntilMs: number | undefined;
  let probing = false;
  return {
    admit() {
      if (openUntilMs === undefined) return 0;
      const waitMs = openUntilMs - nowMs();
      if (waitMs > 0) return waitMs;
      if (probing) return OPEN_MS;
      probing = true;
      return 0;
    },
    succeeded() {
      failures = 0;
      openUntilMs = undefined;
      probing = false;
    },
    failed(retryAfterMs) {
      failures += 1;
      if (probing || failures >= FAILURES_IN_A_ROW || retryAfterMs !== undefined)
        openUntilMs = nowMs() + Math.min(retryAfterMs ?? OPEN_MS, MAX_OPEN_MS);
      probing = false;
    },
    abandoned() {
      probing = false;
    },
    state() {
      if (openUntilMs === undefined) return 'closed';
      return openUntilMs > nowMs() ? 'open' : 'half_open';
    },
  };
}
