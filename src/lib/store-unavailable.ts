/**
 * The store could not do what it was asked, now: refused, timed out, full, read-only, loading.
 * It is never "not found": whoever catches a store error and answers "unknown" destroys things (a client
 * that is there is told it is not). Callers let it pass; `http/` answers 503 with `Retry-After`.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  /** `unknown` when the command was sent and its outcome was not seen; never retry that blindly. */
  readonly outcome: 'not_done' | 'unknown';

  /** `what` names the operation for the log (`clients.create`); `cause` stays inside the process. */
  constructor(what: string, outcome: 'not_done' | 'unknown', cause?: unknown) {
    super(`store unavailable: ${what}`, cause === undefined ? undefined : { cause });
    this.outcome = outcome;
  }
}
