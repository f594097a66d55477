/**
 * The time for acts that can't be undone: retiring a key destroys it. A wall clock that is set forward while
 * we run (F-16) does not take this one with it: it runs ahead of what has really elapsed by the skew at most.
 */
export function steadyClock(
  nowSeconds: () => number,
  elapsedMs: () => number,
  clockSkewSeconds: number,
): () => number {
  const startedAt = nowSeconds() - elapsedMs() / 1000;
  return () => Math.min(nowSeconds(), Math.floor(startedAt + elapsedMs() / 1000) + clockSkewSeconds);
}
