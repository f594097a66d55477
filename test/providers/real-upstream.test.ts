/** The driver against a real provider: oidc-provider in a process of its own, over plain http and over TLS. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { OutboundError } from '../../src/providers/outbound/evidence.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { type Driven, drive, failure, metadata } from './support.ts';

const TOKEN = '{env:IAT}';

describe('with a registration access token that every update rotates', () => {
  let real: Upstream;
  let driven: Driven;
  before(async () => {
    real = await startUpstream({ rotate: true });
    const { search } = real;
    driven = await drive(real.issuer, { search }, { IAT: real.initialAccessToken });
  });
  after(async () => {
    driven.upstreams.close();
    await real.stop();
  });

  test('a client is registered, read, changed, found by its marker and removed', async () => {
    const { upstream } = driven;
    const client = await upstream.register(metadata(), 'marker-1');
    assert.ok(client.client_secret !== undefined && client.registration_access_token !== undefined);
    assert.deepEqual(client.granted.grant_types, ['client_credentials']);
    assert.equal(client.granted.scope, 'read');
    assert.deepEqual(
      (await real.clients('marker-1')).map(({ client_id }) => client_id),
      [client.client_id],
    );
    const read = await upstream.read(client);
    assert.equal(read.client_id, client.client_id);
    const updated = await upstream.update(read, metadata({ client_name: 'renamed' }), 'marker-1');
    assert.equal(updated.granted.client_name, 'renamed');
    assert.notEqual(updated.registration_access_token, client.registration_access_token);
    assert.equal((await failure(upstream.read(client))).reason, 'upstream_credential_refused');
    const [found, ...more] = await upstream.find('marker-1');
    assert.equal(more.length, 0);
    assert.ok(found !== undefined);
    assert.equal(await upstream.remove(found), 'removed');
    assert.deepEqual(await upstream.find('marker-1'), []);
    assert.deepEqual(await real.clients('marker-1'), []);
  });

  test('what it does not know it refuses, in its own words, and nothing is there', async () => {
    const failed = await failure(driven.upstream.register(metadata({ scope: 'admin' }), 'marker-2'));
    assert.deepEqual([failed.reason, failed.outcome], ['upstream_refused', 'not_done']);
    assert.equal(failed.upstreamError, 'invalid_client_metadata');
    assert.match(failed.upstreamErrorDescription ?? '', /scope/);
    assert.deepEqual(await real.clients('marker-2'), []);
  });

  test('S-UP-02: a lost answer is "unknown", and the search finds what was made', async () => {
    real.proxy.swallowReplies();
    const failed = await failure(driven.upstream.register(metadata(), 'marker-3'));
    real.proxy.pass();
    real.proxy.cut();
    assert.deepEqual([failed.reason, failed.outcome], ['upstream_timeout', 'unknown']);
    const found = await driven.upstream.find('marker-3');
    assert.equal(found.length, 1);
    for (const client of found) await driven.upstream.remove(client);
  });

  test('a wrong initial token is refused as the credential that it is', async () => {
    const other = await drive(real.issuer);
    const failed = await failure(other.upstream.register(metadata(), 'marker-4'));
    other.upstreams.close();
    assert.deepEqual([failed.reason, failed.outcome], ['upstream_credential_refused', 'not_done']);
  });
});

describe('over TLS with an authority of its own', () => {
  let real: Upstream;
  before(async () => {
    real = await startUpstream({ https: true });
  });
  after(() => real.stop());

  const drivenWith = (members: object) =>
    drive(
      real.issuer,
      { allow_insecure_loopback: false, initial_access_token: TOKEN, ...members },
      { IAT: real.initialAccessToken },
    );

  test('it is called where its authority is configured and its network is listed', async () => {
    const { upstream, upstreams } = await drivenWith({
      ca_file: real.caFile,
      allow_networks: ['127.0.0.0/8', '::1/128'],
    });
    const client = await upstream.register(metadata(), 'tls-1');
    assert.equal(await upstream.remove(client), 'removed');
    upstreams.close();
  });

  for (const [name, members, code] of [
    [
      'F-12: an unknown authority',
      { allow_networks: ['127.0.0.0/8', '::1/128'] },
      /UNABLE_TO_VERIFY|SELF_SIGNED|LOCALLY/,
    ],
    ['S-SSRF-01: a network that is not listed', {}, /ADDRESS_REFUSED/],
  ] as const) {
    test(`${name}: nothing is sent`, async () => {
      const { upstream, upstreams } = await drivenWith(members);
      const failed = await failure(upstream.register(metadata(), 'tls-2'));
      upstreams.close();
      assert.deepEqual([failed.reason, failed.outcome], ['upstream_unreachable', 'not_done']);
      assert.ok(failed.cause instanceof OutboundError);
      assert.match(failed.cause.code, code);
    });
  }
});

test('S-UP-06: a provider that hangs costs another nothing, is left alone after a while, and comes back', async (t) => {
  const [slow, quick] = await Promise.all([startUpstream(), startUpstream()]);
  /** Longer than anything takes here that does not hang, on a busy machine too. */
  const timeoutMs = 1500;
  const limits = { timeout_ms: timeoutMs, max_concurrent: 4 };
  const hanging = await drive(slow.issuer, limits, { IAT: slow.initialAccessToken });
  const working = await drive(quick.issuer, limits, { IAT: quick.initialAccessToken });
  t.after(async () => {
    for (const { upstreams } of [hanging, working]) upstreams.close();
    await Promise.all([slow.stop(), quick.stop()]);
  });
  await Promise.all([hanging.upstream.discover(), working.upstream.discover()]);
  slow.proxy.swallowReplies();
  const load = Array.from({ length: 20 }, () => failure(hanging.upstream.register(metadata(), 'slow')));
  const startedAt = performance.now();
  for (let i = 0; i < 10; i += 1) {
    await working.upstream.remove(await working.upstream.register(metadata(), 'quick'));
  }
  const tookMs = performance.now() - startedAt;
  const reasons = (await Promise.all(load)).map(({ reason }) => reason);
  assert.ok(performance.now() - startedAt < timeoutMs + 1700, 'everything ended');
  assert.ok(tookMs < timeoutMs, `${tookMs} ms for ten clients beside it`);
  assert.equal(reasons.filter((reason) => reason === 'upstream_timeout').length, 4, String(reasons));
  for (let i = 0; hanging.upstreams.circuits().acme === 'closed' && i < 5; i += 1)
    await failure(hanging.upstream.register(metadata(), 'slow'));
  assert.equal(hanging.upstreams.circuits().acme, 'open');
  const refused = await failure(hanging.upstream.register(metadata(), 'slow'));
  assert.deepEqual([refused.reason, refused.outcome], ['upstream_unavailable', 'not_done']);
  assert.ok((refused.retryAfterSeconds ?? 0) >= 1);
  slow.proxy.pass();
  slow.proxy.cut();
  const openedAt = performance.now();
  while (hanging.upstreams.circuits().acme === 'open' && performance.now() - openedAt < 10_000)
    await new Promise((done) => setTimeout(done, 50));
  await hanging.upstream.register(metadata(), 'slow');
  assert.equal(hanging.upstreams.circuits().acme, 'closed');
});
