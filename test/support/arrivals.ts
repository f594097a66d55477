/**
 * An open loop: callers who come whether the others were answered or not. Each takes a connection that is
 * free, or opens one, waits as long as callers do, and then hangs up. On bare sockets, and with no more than
 * it must look at, so that it takes little of the machine from the service. Time in which it could not run
 * itself, on a busy machine, is no time that an answer took.
 */
import { connect, type Socket } from 'node:net';

export interface Arrivals {
  readonly port: number;
  /** Asked again and again: what can be served may change while it lasts. */
  readonly perSecond: () => number;
  readonly seconds: number;
  /** The bytes of the next one's request. */
  readonly request: () => Buffer;
  /** Of so many one comes on a connection of its own, and closes it. */
  readonly newEvery: number;
}

export interface Arrival {
  readonly request: Buffer;
  /** `undefined`: no whole answer came within the time that a caller waits. */
  readonly status: number | undefined;
  readonly tookMs: number;
  /** Its head and body. */
  readonly text: string;
}

interface Caller {
  readonly request: Buffer;
  readonly sentMs: number;
  readonly isOwn: boolean;
  text: string;
}

const PATIENCE_MS = 3000;
const LOOK_MS = 4;
/** Later than that, and nothing of ours ran. */
const LATE_MS = 25;

/** Resolves with how many came, when the last of them has been answered or has gone. */
export async function arrive(options: Arrivals, each: (arrival: Arrival) => void): Promise<number> {
  const { port, perSecond, seconds, request, newEvery } = options;
  const free: Socket[] = [];
  const waiting = new Map<Socket, Caller>();
  let [made, due] = [0, 0];
  /** Milliseconds in which this process ran. */
  let ranMs = 0;
  let lookedAtMs = performance.now();
  const nowMs = () => ranMs + Math.min(performance.now() - lookedAtMs, LATE_MS);

  function settle(socket: Socket, status: number | undefined): void {
    const caller = waiting.get(socket);
    if (caller === undefined) return;
    waiting.delete(socket);
    each({ request: caller.request, status, tookMs: nowMs() - caller.sentMs, text: caller.text });
    if (status === undefined || caller.isOwn) socket.destroy();
    else free.push(socket);
  }

  function opened(): Socket {
    const socket = connect(port, '127.0.0.1').setNoDelay();
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('close', () => settle(socket, undefined));
    socket.on('data', (chunk: string) => {
      const caller = waiting.get(socket);
      if (caller === undefined) return;
      caller.text += chunk;
      if (isWhole(caller.text)) settle(socket, Number(caller.text.slice(9, 12)));
    });
    return socket;
  }

  function freeOne(): Socket | undefined {
    for (let socket = free.pop(); socket !== undefined; socket = free.pop()) {
      if (socket.writable) return socket;
    }
    return undefined;
  }

  function come(): void {
    const isOwn = made % newEvery === 0;
    const socket = (isOwn ? undefined : freeOne()) ?? opened();
    const caller: Caller = { request: request(), sentMs: nowMs(), isOwn, text: '' };
    waiting.set(socket, caller);
    socket.write(caller.request);
    made += 1;
  }

  function look(): boolean {
    const passedMs = Math.min(performance.now() - lookedAtMs, LATE_MS);
    lookedAtMs = performance.now();
    ranMs += passedMs;
    if (ranMs < seconds * 1000) due += (passedMs / 1000) * perSecond();
    while (made < due) come();
    // In the order in which they were sent.
    for (const [socket, { sentMs }] of waiting) {
      if (ranMs - sentMs < PATIENCE_MS) break;
      settle(socket, undefined);
    }
    return ranMs < seconds * 1000 || waiting.size > 0;
  }

  await new Promise<void>((done) => {
    const timer = setInterval(() => {
      if (look()) return;
      clearInterval(timer);
      done();
    }, LOOK_MS);
  });
  for (const socket of free) socket.destroy();
  return made;
}

function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(text) ?? [];
  return length !== undefined && text.length >= headEnd + 4 + Number(length);
}
