/**
 * HTTP as bytes on a socket: for requests that no client library would send, and for looking at what really
 * comes back.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './bridge.ts';

export interface RawAnswer extends Answer {
  /** Milliseconds from the last byte sent to the end of the answer. */
  readonly tookMs: number;
}

/** The bytes of a request: its request line, header lines as given, and a body with its length. */
export function rawRequest(line: string, headers: readonly string[], body?: string | Buffer): Buffer {
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = [`${line} HTTP/1.1`, ...headers, ...length, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body ?? '')]);
}

/** A body in chunks of the transfer coding, with its end. */
export function chunked(...parts: readonly string[]): string {
  const chunks = parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`);
  return `${chunks.join('')}0\r\n\r\n`;
}

export interface Exchange {
  send(bytes: string | Uint8Array): void;
  /** The next whole answer. Rejects when the connection ends first, or after `timeoutMs`. */
  answer(timeoutMs?: number): Promise<RawAnswer>;
  /** Resolves when the server has closed the connection. Rejects after `timeoutMs`. */
  closed(timeoutMs?: number): Promise<void>;
  /** Ends it from our side, at once. */
  abort(): void;
}

const TIMEOUT_MS = 5000;

export async function openExchange(url: string): Promise<Exchange> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.on('error', () => {});
  let received = Buffer.alloc(0);
  let sentAt = performance.now();
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
  });
  return {
    send(bytes) {
      sentAt = performance.now();
      socket.write(bytes);
    },
    async answer(timeoutMs = TIMEOUT_MS) {
      for (const deadline = performance.now() + timeoutMs; ; await sleep(2)) {
        const parsed = parseAnswer(received, socket.closed);
        if (parsed !== undefined) {
          received = received.subarray(parsed.length);
          return { ...parsed.answer, tookMs: performance.now() - sentAt };
        }
        if (socket.closed) throw new Error(`the connection ended without an answer: ${received}`);
        if (performance.now() > deadline) throw new Error(`no answer in time: ${received}`);
      }
    },
    closed: (timeoutMs = TIMEOUT_MS) => closedWithin(socket, timeoutMs),
    abort: () => void socket.destroy(),
  };
}

async function closedWithin(socket: Socket, timeoutMs: number): Promise<void> {
  for (const deadline = performance.now() + timeoutMs; !socket.closed; await sleep(2)) {
    if (performance.now() > deadline) throw new Error('the connection is still open');
  }
}

/** One request on a connection of its own. */
export async function sendRaw(
  url: string,
  bytes: string | Uint8Array,
  timeoutMs?: number,
): Promise<RawAnswer> {
  const exchange = await openExchange(url);
  try {
    exchange.send(bytes);
    return await exchange.answer(timeoutMs);
  } finally {
    exchange.abort();
  }
}

interface Parsed {
  readonly answer: Answer;
  /** Bytes that it took. */
  readonly length: number;
}

function parseAnswer(received: Buffer, ended: boolean): Parsed | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = received.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers = new Headers(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const start = headEnd + 4;
  const stated = headers.get('content-length');
  if (stated === null && !ended) return undefined;
  const end = stated === null ? received.length : start + Number(stated);
  if (received.length < end) return undefined;
  const text = received.subarray(start, end).toString('utf8');
  const status = Number(statusLine.split(' ')[1]);
  return { answer: { status, headers, text, body: parseJson(text) }, length: end };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
