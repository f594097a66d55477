/** Thousands who send as slowly as they can, beside one client that wants its tokens. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../bench/statistics.ts';
import { portal } from '../support/bridge.ts';
import { measuredAgain } from '../support/in-time.ts';
import { openExchange, rawRequest } from '../support/raw-http.ts';
import { startService, type TestService } from '../support/service.ts';

const CONNECTIONS = 5000;
const AT_ONCE = 250;
const DRIP_MS = 1000;
const CLOSED_WITHIN_MS = 15_000;
/** 50 tokens a second. */
const PAUSE_MS = 20;
const GOOD_P99_MS = 500;

/** What they begin with, and what they go on with. */
const SENDERS: readonly (readonly [begin: string, drip: string])[] = [
  ['', ''],
  ['POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 'a'],
  [
    'POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n' +
      'Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type=',
    'a',
  ],
  ['POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\na\r\n'],
];

let service: TestService;
before(async () => {
  service = await startService();
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

test('F-23: 5,000 slow senders are closed within 15 s, and a good client does not notice them', async () => {
  await measuredAgain(besideSenders, ({ slowestMs, p99Ms }) =>
    slowestMs <= CLOSED_WITHIN_MS && p99Ms < GOOD_P99_MS
      ? undefined
      : `the last was closed after ${slowestMs} ms; p99 of tokens ${p99Ms} ms`,
  );
});

/** When the last sender was closed, and how long tokens took meanwhile. */
async function besideSenders(): Promise<{ readonly slowestMs: number; readonly p99Ms: number }> {
  const { body: client } = await portal(service).create();
  const senders: Sender[] = [];
  const drip = setInterval(() => senders.forEach(goOn), DRIP_MS);
  try {
    while (senders.length < CONNECTIONS) {
      senders.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => begin(index)))));
    }
    let open = senders.length;
    for (const { closed } of senders) void closed.then(() => --open);
    const tookMs: number[] = [];
    const good = await openExchange(service.publicUrl);
    const deadline = performance.now() + 2 * CLOSED_WITHIN_MS;
    while (open > 0 && performance.now() < deadline) {
      good.send(tokenRequest(client));
      const answer = await good.answer();
      assert.equal(answer.status, 200, answer.text);
      tookMs.push(answer.tookMs);
      await sleep(PAUSE_MS);
    }
    good.abort();
    assert.equal(open, 0, 'some are still open');
    assert.ok(tookMs.length > 100, `${tookMs.length} tokens`);
    const slowestMs = Math.round(Math.max(...(await Promise.all(senders.map(({ closed }) => closed)))));
    return { slowestMs, p99Ms: Math.round(percentile(tookMs, 0.99)) };
  } finally {
    clearInterval(drip);
    for (const { socket } of senders) socket.destroy();
  }
}

interface Sender {
  readonly socket: Socket;
  readonly drips: string;
  /** After how many milliseconds. */
  readonly closed: Promise<number>;
}

async function begin(index: number): Promise<Sender> {
  const [first = '', drips = ''] = SENDERS[index % SENDERS.length] ?? [];
  const socket = connect(service.publicPort, '127.0.0.1').resume();
  socket.on('error', () => {});
  await once(socket, 'connect');
  const at = performance.now();
  if (first !== '') socket.write(first);
  return { socket, drips, closed: once(socket, 'close').then(() => performance.now() - at) };
}

function goOn({ socket, drips }: Sender): void {
  if (drips !== '' && socket.writable) socket.write(drips);
}

function tokenRequest({ client_id, client_secret }: { client_id: string; client_secret: string }): Buffer {
  const headers = [
    'Host: localhost',
    `Authorization: Basic ${btoa(`${client_id}:${client_secret}`)}`,
    'Content-Type: application/x-www-form-urlencoded',
  ];
  return rawRequest('POST /oauth2/token', headers, 'grant_type=client_credentials');
}
