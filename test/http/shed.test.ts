/** The answer to a request that is one too many, on a real socket, before an application that must not hear of it. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { ERROR_CATALOGUE } from '../../src/http/error-catalogue.ts';
import { shed } from '../../src/http/shed.ts';
import { eventually } from '../support/eventually.ts';
import { chunked, openExchange, rawRequest } from '../support/raw-http.ts';

const LIMIT_BYTES = 1024;
const HOST = 'Host: 127.0.0.1';

let isFull = true;
let isDraining = false;
const heard: string[] = [];
const told: string[] = [];
const observed: object[] = [];
let counted = 0;

let nowMs = () => performance.now();
let atEndOfTurn: (act: () => void) => void = setImmediate;

const server = createServer(
  shed(
    {
      pool: { isFull: () => isFull, look: () => {} },
      nowMs: () => nowMs(),
      atEndOfTurn: (act) => atEndOfTurn(act),
      isDraining: () => isDraining,
      bodyLimitBytes: LIMIT_BYTES,
      newRequestId: () => 'the-id',
      log: { info: (_, message) => told.push(message), warn: (_, message) => told.push(message) },
      metrics: {
        observe: ({ seconds: _, ...request }) => observed.push(request),
        requestShed: () => {
          counted += 1;
        },
      },
    },
    (req, res) => {
      heard.push(`${req.method} ${req.url}`);
      res.end();
    },
  ),
);
/** Paths of requests that it has read, whatever becomes of them. */
const came = new Set<string | undefined>();
server.on('request', ({ url }) => came.add(url));
const connections = () => promisify(server.getConnections.bind(server))();

let url = '';
before(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());
beforeEach(() => {
  isFull = true;
  isDraining = false;
  nowMs = () => performance.now();
  atEndOfTurn = setImmediate;
  for (const each of [heard, observed]) each.length = 0;
  counted = 0;
});

test('F-22: one too many is answered as every refusal is, counted, and heard of by nobody', async () => {
  const exchange = await openExchange(url);
  exchange.send(rawRequest('POST /oauth2/token', [HOST], 'grant_type=client_credentials'));
  const { status, headers, body } = await exchange.answer();
  const { error, error_description } = ERROR_CATALOGUE.overloaded;
  assert.equal(status, 503);
  assert.deepEqual(body, { error, error_description, error_id: 'the-id' });
  assert.equal(headers.get('retry-after'), '1');
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('pragma'), 'no-cache');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
  assert.deepEqual(heard, []);
  assert.deepEqual(observed, [{ listener: 'public', method: 'POST', route: '/oauth2/token', status: 503 }]);
  assert.equal(counted, 1);

  // The connection serves the next one.
  isFull = false;
  exchange.send(rawRequest('POST /oauth2/token', [HOST], 'grant_type=client_credentials'));
  assert.equal((await exchange.answer()).status, 200);
  assert.deepEqual(heard, ['POST /oauth2/token']);
  exchange.abort();
});

test('F-22: what only reads is never one too many', async () => {
  const exchange = await openExchange(url);
  for (const line of ['GET /.well-known/jwks.json', 'GET /oauth2/register/an-id']) {
    exchange.send(rawRequest(line, [HOST]));
    assert.equal((await exchange.answer()).status, 200);
  }
  assert.equal(heard.length, 2);
  exchange.abort();
});

const CLOSED = [
  ['a body that is too long to be read', rawRequest('POST /oauth2/token', [HOST, 'Content-Length: 9999'])],
  [
    'a body of a length that nobody knows',
    Buffer.concat([
      rawRequest('POST /oauth2/token', [HOST, 'Transfer-Encoding: chunked']),
      Buffer.from(chunked('grant_type=client_credentials')),
    ]),
  ],
] as const;

for (const [name, request] of CLOSED) {
  test(`F-22: with ${name} the connection ends`, async () => {
    const exchange = await openExchange(url);
    exchange.send(request);
    const { status, headers } = await exchange.answer();
    assert.deepEqual([status, headers.get('connection')], [503, 'close']);
    await exchange.closed();
    assert.deepEqual(heard, []);
  });
}

test('F-22: a node that is leaving ends the connection of those that it refuses, too', async () => {
  isDraining = true;
  const exchange = await openExchange(url);
  exchange.send(rawRequest('POST /oauth2/token', [HOST], 'grant_type=client_credentials'));
  assert.equal((await exchange.answer()).headers.get('connection'), 'close');
  await exchange.closed();
});

test('F-22: for a caller who hung up while it waited nothing is begun; who waits is served', async () => {
  let now = 0;
  let endTurn = () => {};
  isFull = false;
  nowMs = () => now;
  atEndOfTurn = (act) => {
    endTurn = act;
  };
  const come = async (path: string) => {
    const exchange = await openExchange(url);
    exchange.send(rawRequest(`POST ${path}`, [HOST], 'grant_type=client_credentials'));
    return exchange;
  };
  // From here on in one long turn: what is answered shows that it does not wait yet.
  for (const exchange of await Promise.all(Array.from({ length: 64 }, () => come('/many')))) {
    assert.equal((await exchange.answer()).status, 200);
    exchange.abort();
  }
  now += 10;
  const [gone, stays] = [await come('/gone'), await come('/stays')];
  await eventually(async () => assert.ok(came.has('/gone') && came.has('/stays')), 5000);
  gone.abort();
  await eventually(async () => assert.equal(await connections(), 1), 5000);
  endTurn();
  assert.equal((await stays.answer()).status, 200);
  stays.abort();
  assert.deepEqual(
    heard.filter((line) => !line.endsWith('/many')),
    ['POST /stays'],
  );
});

test('F-22: however many are refused, the log has one line', () => {
  assert.deepEqual(told, ['more comes than can be answered in time']);
});
