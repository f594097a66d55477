/**
 * How many calls a portal's key may make. Nodes that share a Redis share the count; while it does not
 * answer, each node counts for itself, so that neither everyone is let in nor everyone shut out.
 */
export interface RateLimiter {
  /**
   * Takes `points` from the budget of `subject`. Resolves with `undefined` when there were enough, else with
   * the whole seconds after which to try again. Never rejects: a limiter that fails must not be an outage.
   */
  take(subject: string, points: number): Promise<number | undefined>;
}

export interface RateLimit {
  /** Calls allowed in each window. */
  readonly points: number;
  readonly windowSeconds: number;
}
