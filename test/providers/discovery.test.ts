/** What a provider says of itself, and what is believed of it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { OutboundError } from '../../src/providers/outbound/evidence.ts';
import {
  DISCOVERY,
  json,
  metadataOf,
  type ScriptedUpstream,
  startCanary,
  startScriptedUpstream,
} from '../support/upstream-scripted.ts';
import { type Driven, drive, failure, metadata } from './support.ts';

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

const CLIENT = { client_id: 'c1', client_secret: 's1' };

async function registerRefused(document: unknown, status = 200): Promise<string> {
  scripted.on('GET', DISCOVERY, json(status, document));
  driven = await drive(scripted.issuer);
  const before = scripted.received.filter(({ method }) => method === 'POST').length;
  const failed = await failure(driven.upstream.register(metadata(), 'marker'));
  assert.deepEqual([failed.reason, failed.outcome], ['upstream_malformed', 'not_done']);
  assert.equal(
    scripted.received.filter(({ method }) => method === 'POST').length,
    before,
    'nothing was sent',
  );
  driven.upstreams.close();
  assert.ok(failed.cause instanceof OutboundError);
  return failed.cause.code;
}

test("S-SSRF-06: another issuer's document is refused, to the letter", async () => {
  const document = metadataOf(scripted.issuer);
  for (const issuer of ['https://evil.example', `${scripted.issuer}/`, undefined])
    await registerRefused({ ...document, issuer });
});

test('S-SSRF-07: an endpoint on another host or port is refused, and nobody is called there', async () => {
  const document = metadataOf(scripted.issuer);
  for (const place of [
    `http://127.0.0.1:${canary.port}/reg`,
    'https://evil.example/reg',
    'ftp://x/',
    'reg',
    7,
  ]) {
    assert.match(
      await registerRefused({ ...document, registration_endpoint: place }),
      /REGISTRATION_ENDPOINT/,
    );
    assert.match(await registerRefused({ ...document, token_endpoint: place }), /TOKEN_ENDPOINT|UNKNOWN/);
  }
  assert.equal(canary.reached(), 0);
});

test('a document that is none, or names no registration endpoint, registers nobody', async () => {
  const { registration_endpoint: _, ...document } = metadataOf(scripted.issuer);
  assert.equal(await registerRefused(document), 'NO_REGISTRATION_ENDPOINT');
  for (const [wrong, status] of [
    [[], 200],
    ['text', 200],
    [document, 404],
    [document, 302],
    [{ ...document, padding: 'a'.repeat(70_000) }, 200],
  ] as const)
    await registerRefused(wrong, status);
});

test('a registration endpoint may be configured where the document has none', async () => {
  const { registration_endpoint: _, ...document } = metadataOf(scripted.issuer);
  scripted.on('GET', DISCOVERY, json(200, document));
  scripted.on('POST', '/clients', json(201, CLIENT));
  driven = await drive(scripted.issuer, { registration_endpoint: `${scripted.issuer}/clients` });
  assert.equal((await driven.upstream.register(metadata(), 'marker')).client_id, 'c1');
});

test('it is read once for many calls, and not at start', async () => {
  scripted.on('GET', DISCOVERY, json(200, metadataOf(scripted.issuer)));
  scripted.on('POST', '/reg', json(201, CLIENT));
  const before = scripted.to('GET', DISCOVERY).length;
  driven = await drive(scripted.issuer);
  assert.equal(scripted.to('GET', DISCOVERY).length, before);
  await Promise.all(Array.from({ length: 5 }, () => driven.upstream.register(metadata(), 'marker')));
  await driven.upstreams.refresh();
  assert.equal(scripted.to('GET', DISCOVERY).length, before + 1);
});

test('S-UP-12: a document that turns bad changes nothing: the last good one serves on, and it is known', async () => {
  scripted.on('GET', DISCOVERY, json(200, metadataOf(scripted.issuer)));
  scripted.on('POST', '/reg', json(201, CLIENT));
  driven = await drive(scripted.issuer);
  await driven.upstream.discover();
  const place = `http://127.0.0.1:${canary.port}/reg`;
  for (const bad of [
    { ...metadataOf(scripted.issuer), registration_endpoint: place },
    { issuer: 'https://evil' },
  ]) {
    scripted.on('GET', DISCOVERY, json(200, bad));
    await failure(driven.upstream.discover());
    assert.equal(driven.upstreams.health().acme?.reason, 'upstream_malformed');
    assert.equal((await driven.upstream.register(metadata(), 'marker')).client_id, 'c1');
  }
  assert.equal(canary.reached(), 0);
  const moved = { ...metadataOf(scripted.issuer), registration_endpoint: `${scripted.issuer}/moved` };
  scripted.on('GET', DISCOVERY, json(200, moved));
  scripted.on('POST', '/moved', json(201, { client_id: 'c2' }));
  await driven.upstream.discover();
  assert.equal((await driven.upstream.register(metadata(), 'marker')).client_id, 'c2');
});

test('OAuth-only providers are discovered at the place of RFC 8414', async () => {
  scripted.on('GET', '/.well-known/oauth-authorization-server', json(200, metadataOf(scripted.issuer)));
  scripted.on('POST', '/reg', json(201, CLIENT));
  driven = await drive(scripted.issuer, { discovery: 'oauth2' });
  assert.equal((await driven.upstream.register(metadata(), 'marker')).client_id, 'c1');
});
