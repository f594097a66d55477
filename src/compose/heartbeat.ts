/**
 * Finds a worker that no longer turns: its event loop is stuck, or it was stopped. To the system it looks
 * alive, and the connections that it is handed hang. One that is slow is left alone, and so is everybody after
 * the whole machine slept: what is counted are beats missed while the supervisor itself was awake, not time.
 */
import type { Worker } from 'node:cluster';

export const HEARTBEAT_MS = 1000;
/** For loading the program on a busy machine, before the first beat. */
const START_MS = 30 * 1000;

/** Calls `hung` once, when the worker has said nothing for so long. */
export function watchHeartbeat(worker: Worker, silenceLimitMs: number, hung: () => void): void {
  let silentMs = -START_MS;
  worker.on('message', () => {
    silentMs = 0;
  });
  // A timer that is late fires once, and what the workers sent meanwhile is read before it fires again.
  const timer = setInterval(() => {
    silentMs += HEARTBEAT_MS;
    // The first of these seconds had begun when it was last heard.
    if (silentMs <= silenceLimitMs) return;
    clearInterval(timer);
    hung();
  }, HEARTBEAT_MS);
  worker.once('exit', () => clearInterval(timer));
}
