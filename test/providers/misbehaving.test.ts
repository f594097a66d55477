/** F-12, one by one: what each way of a provider to misbehave becomes, in time, and what never leaks of it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { UpstreamFailureReason, UpstreamOutcome } from '../../src/registration/upstream.ts';
import { drip, endless, truncated, upgrade } from '../support/hostile-answers.ts';
import {
  type Answer,
  json,
  type ScriptedUpstream,
  startCanary,
  startScriptedUpstream,
} from '../support/upstream-scripted.ts';
import { type Driven, drive, everythingOf, failure, IAT, metadata } from './support.ts';

const TIMEOUT_MS = 400;
/** For what must end before it: a machine that stands still for a moment is no provider that hangs. */
const NEVER_REACHED_MS = 2000;
const CANARY = 'canary-of-the-upstream-body';

let scripted: ScriptedUpstream;
let canary: Awaited<ReturnType<typeof startCanary>>;
let driven: Driven;
before(async () => {
  scripted = await startScriptedUpstream();
  canary = await startCanary();
});
after(async () => {
  await scripted.close();
  canary.close();
});
afterEach(() => driven.upstreams.close());

function html(status: number): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end(`<html>${CANARY}</html>`);
  };
}

function raw(text: string): Answer {
  return (response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(text);
  };
}

const gzipped: Answer = (response) => {
  response.writeHead(201, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
  response.end(gzipSync(JSON.stringify({ client_id: 'x', padding: 'a'.repeat(1_000_000) })));
};

const BODY = { error: 'invalid_client_metadata', error_description: 'the scope is not known here' };

const ROWS: readonly (readonly [string, Answer, UpstreamFailureReason, UpstreamOutcome])[] = [
  ['an answer after 30 seconds', () => {}, 'upstream_timeout', 'unknown'],
  ['an answer drop by drop', drip(201), 'upstream_timeout', 'unknown'],
  ['an endless answer', endless(201), 'upstream_malformed', 'unknown'],
  ['a compressed answer', gzipped, 'upstream_malformed', 'unknown'],
  ['a 500 with a page', html(500), 'upstream_malformed', 'unknown'],
  ['a 500 with an OAuth error', json(500, { error: 'server_error' }), 'upstream_refused', 'unknown'],
  ['a 201 with a page', html(201), 'upstream_malformed', 'unknown'],
  ['a 201 with half a document', truncated(201, '{"client_id":"abc",'), 'upstream_malformed', 'unknown'],
  ['a 201 with JSON that ends early', raw('{"client_id":"ab'), 'upstream_malformed', 'unknown'],
  ['a 201 without a client_id', json(201, { client_secret: CANARY }), 'upstream_malformed', 'unknown'],
  ['a connection that is reset', (response) => response.destroy(), 'upstream_unreachable', 'unknown'],
  ['a change to another protocol', upgrade, 'upstream_unreachable', 'unknown'],
  ['a refusal', json(400, BODY), 'upstream_refused', 'not_done'],
  ['a refusal with a page', html(400), 'upstream_refused', 'not_done'],
  [
    'S-UP-08: a refused credential',
    json(401, { error: 'invalid_token' }),
    'upstream_credential_refused',
    'not_done',
  ],
  ['a 429', json(429, {}, { 'retry-after': '7' }), 'upstream_busy', 'not_done'],
  ['a 503', json(503, {}, { 'retry-after': '7' }), 'upstream_busy', 'unknown'],
];

describe('each misbehaviour ends in time, is classified, is sent once, and leaks nothing', () => {
  for (const [name, answer, reason, outcome] of ROWS) {
    test(`F-12, S-SSRF-05 ${name}`, async () => {
      const hangs = reason === 'upstream_timeout';
      const timeoutMs = hangs ? TIMEOUT_MS : NEVER_REACHED_MS;
      driven = await drive(scripted.issuer, { timeout_ms: timeoutMs });
      await driven.upstream.discover();
      scripted.on('POST', '/reg', answer);
      const before = scripted.to('POST', '/reg').length;
      const startedAt = performance.now();
      const registering = failure(driven.upstream.register(metadata(), 'marker'));
      // A timer that is started with it: on a busy machine both are late.
      const deadlineMs = hangs
        ? sleep(timeoutMs).then(() => performance.now() - startedAt + 150)
        : NEVER_REACHED_MS;
      const failed = await registering;
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs < (await deadlineMs), `${tookMs} ms`);
      assert.deepEqual([failed.reason, failed.outcome], [reason, outcome]);
      assert.equal(scripted.to('POST', '/reg').length, before + 1, 'sent exactly once');
      const told = everythingOf(failed);
      for (const secret of [CANARY, IAT, 'weather app']) assert.ok(!told.includes(secret), told);
      assert.deepEqual(
        driven.calls.map(({ operation, outcome: ended }) => [operation, ended]),
        [
          ['discover', 'done'],
          ['register', reason],
        ],
      );
    });
  }
});

test("S-UP-09: the provider's own error is passed on when it has the form of one, and nothing else", async () => {
  driven = await drive(scripted.issuer);
  const told = async (document: unknown) => {
    scripted.on('POST', '/reg', json(400, document));
    const { upstreamError, upstreamErrorDescription } = await failure(
      driven.upstream.register(metadata(), 'marker'),
    );
    return [upstreamError, upstreamErrorDescription];
  };
  assert.deepEqual(await told(BODY), [BODY.error, BODY.error_description]);
  for (const wrong of [
    '<b>no</b>"',
    'line\nbreak',
    'back\\slash',
    'a'.repeat(301),
    `the token ${IAT} is not known`,
    7,
    null,
    '',
  ]) {
    assert.deepEqual(await told({ error: 'invalid_token', error_description: wrong }), [
      'invalid_token',
      undefined,
    ]);
  }
  assert.deepEqual(await told({ error: 'a'.repeat(65) }), [undefined, undefined]);
  assert.deepEqual(await told([]), [undefined, undefined]);
});

test('S-SSRF-03: a redirect is not followed, to whatever it leads', async () => {
  driven = await drive(scripted.issuer);
  for (const [status, location] of [
    [302, `http://127.0.0.1:${canary.port}/latest/meta-data/`],
    [302, 'http://169.254.169.254/latest/meta-data/'],
    [307, `http://127.0.0.1:${canary.port}/`],
    [308, `${scripted.issuer}/elsewhere`],
  ] as const) {
    scripted.on('POST', '/reg', json(status, {}, { location }));
    const failed = await failure(driven.upstream.register(metadata(), 'marker'));
    assert.deepEqual([failed.reason, failed.outcome], ['upstream_malformed', 'unknown']);
    assert.ok(!everythingOf(failed).includes('meta-data'));
  }
  assert.equal(canary.reached(), 0);
  assert.equal(scripted.to('POST', '/elsewhere').length, 0);
});

test('L-31: a DPoP nonce challenge does not make it send a registration again', async () => {
  driven = await drive(scripted.issuer);
  const before = scripted.to('POST', '/reg').length;
  const challenge = json(400, { error: 'use_dpop_nonce' }, { 'dpop-nonce': 'n' });
  scripted.on('POST', '/reg', challenge);
  assert.equal((await failure(driven.upstream.register(metadata(), 'marker'))).outcome, 'not_done');
  assert.equal(scripted.to('POST', '/reg').length, before + 1);
});

test('a provider that nobody answers for, or whose name is unknown, was certainly not reached', async () => {
  const gone = await startScriptedUpstream();
  await gone.close();
  driven = await drive(gone.issuer);
  const failed = await failure(driven.upstream.register(metadata(), 'marker'));
  assert.deepEqual([failed.reason, failed.outcome], ['upstream_unreachable', 'not_done']);
  assert.equal(driven.upstreams.health().acme?.status, 'down');
});
