/** Tries until it succeeds; how long that took, in milliseconds. Rejects with the last error after `timeoutMs`. */
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 10;

export async function eventually(attempt: () => Promise<unknown>, timeoutMs: number): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    try {
      await attempt();
      return performance.now() - startedAt;
    } catch (error) {
      if (performance.now() - startedAt > timeoutMs) throw error;
    }
    await sleep(PAUSE_MS);
  }
}
