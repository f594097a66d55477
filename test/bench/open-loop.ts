/**
 * Requests at a constant rate, whether the server keeps up or not: a latency is counted from when the
 * request was due, so that a stall is seen by all that wait for its end, and not by one.
 */
import { exchange, open } from './load.ts';

export interface OpenLoop {
  readonly port: number;
  readonly request: Buffer;
  readonly perSecond: number;
  readonly requests: number;
}

/** More would only hide that the server is behind. */
const CONNECTIONS = 64;

/** Resolves with each request's latency in milliseconds. */
export async function runOpenLoop({ port, request, perSecond, requests }: OpenLoop): Promise<number[]> {
  const idle = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port)));
  const all = [...idle];
  const due: number[] = [];
  const latencies: number[] = [];
  const began = performance.now();
  let made = 0;
  try {
    await new Promise<void>((done, failed) => {
      const send = (): void => {
        while (due.length > 0 && idle.length > 0) {
          const [socket, dueAt] = [idle.pop(), due.shift()];
          if (socket === undefined || dueAt === undefined) return;
          exchange(socket, request, 200).then(() => {
            latencies.push(performance.now() - dueAt);
            idle.push(socket);
            if (latencies.length === requests) done();
            else send();
          }, failed);
        }
      };
      const tick = (): void => {
        const now = performance.now();
        for (; made < requests && began + (made * 1000) / perSecond <= now; made += 1) {
          due.push(began + (made * 1000) / perSecond);
        }
        send();
        if (made < requests) setTimeout(tick, 1);
      };
      tick();
    });
  } finally {
    for (const socket of all) socket.destroy();
  }
  return latencies;
}
