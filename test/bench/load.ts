/**
 * A closed loop of one request over kept-alive connections: each sends, waits for the whole answer and
 * sends again. Written on bare sockets, so that the generator takes little of the machine. Bounded in
 * requests and in time; an answer of another status than the expected one ends it.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** No request of ours takes a thousandth of this. */
const STALLED_MS = 10_000;

export interface Load {
  readonly port: number;
  /** The bytes of one HTTP/1.1 request, or what gives those of the next. */
  readonly request: Buffer | (() => Buffer);
  readonly requests: number;
  readonly connections: number;
  /** The status that every answer must have; 200 when not said. */
  readonly status?: number;
  /** A pause before each request; 0 keeps the server saturated. */
  readonly thinkMs?: number;
  /** Called when the connections stand, before the first request. */
  readonly started?: () => void;
}

/** Resolves with each request's latency in milliseconds, in no order. */
export async function runLoad({ port, request, requests, thinkMs = 0, ...load }: Load): Promise<number[]> {
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => open(port)));
  const latencies: number[] = [];
  let left = requests;
  load.started?.();
  try {
    await Promise.all(
      sockets.map(async (socket) => {
        while (left > 0) {
          left -= 1;
          if (thinkMs > 0) await sleep(thinkMs);
          const began = performance.now();
          await exchange(socket, typeof request === 'function' ? request() : request, load.status ?? 200);
          latencies.push(performance.now() - began);
        }
      }),
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  return latencies;
}

export async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  await once(socket, 'connect');
  socket.setTimeout(STALLED_MS, () => socket.destroy(new Error('the server did not answer in time')));
  return socket;
}

export function exchange(socket: Socket, request: Buffer, status: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    const settle = (error?: Error) => {
      socket.off('data', take).off('error', settle).off('close', ended);
      if (error === undefined) resolve();
      else reject(error);
    };
    const ended = () => settle(new Error('the server closed the connection'));
    const take = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      try {
        if (isWholeAnswer(received, status)) settle();
      } catch (error) {
        settle(error as Error);
      }
    };
    socket.on('data', take).on('error', settle).on('close', ended);
    socket.write(request);
  });
}

function isWholeAnswer(received: string, status: number): boolean {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  if (!received.startsWith(`HTTP/1.1 ${status} `)) throw new Error(`not a ${status}:\n${received}`);
  const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(received) ?? [];
  if (length === undefined) throw new Error(`an answer without Content-Length:\n${received}`);
  return received.length === headEnd + 4 + Number(length);
}
