/** The credential that registers: given, or fetched with client_credentials and kept while it is good. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { json, type ScriptedUpstream, startScriptedUpstream } from '../support/upstream-scripted.ts';
import { type Driven, drive, everythingOf, failure, IAT, metadata } from './support.ts';

const CLIENT = { client_id: 'bridge', client_secret: '{env:IAT}' };
const REGISTERED = json(201, { client_id: 'c1', client_secret: 's1' });

let scripted: ScriptedUpstream;
let driven: Driven;
before(async () => {
  scripted = await startScriptedUpstream();
});
after(() => scripted.close());
beforeEach(() => scripted.on('POST', '/reg', REGISTERED));
afterEach(() => driven.upstreams.close());

function token(access_token: string, more: object = {}) {
  return json(200, { access_token, token_type: 'Bearer', expires_in: 300, ...more });
}

function last(path: string) {
  return scripted.to('POST', path).at(-1);
}

test('a given token is sent as Bearer, or as the preset says', async () => {
  driven = await drive(scripted.issuer);
  await driven.upstream.register(metadata(), 'marker');
  assert.equal(last('/reg')?.headers.authorization, `Bearer ${IAT}`);
  driven.upstreams.close();
  driven = await drive(scripted.issuer, { preset: 'okta' });
  await driven.upstream.register(metadata(), 'marker');
  assert.equal(last('/reg')?.headers.authorization, `SSWS ${IAT}`);
});

for (const auth_method of ['client_secret_basic', 'client_secret_post'] as const) {
  test(`a token is fetched with ${auth_method}, once for many registrations`, async () => {
    scripted.on('POST', '/token', token('at-1'));
    const before = scripted.to('POST', '/token').length;
    driven = await drive(scripted.issuer, { token_client: { ...CLIENT, auth_method, scope: 'dcr' } });
    await Promise.all(Array.from({ length: 4 }, () => driven.upstream.register(metadata(), 'marker')));
    assert.equal(scripted.to('POST', '/token').length, before + 1);
    const { headers, body = '' } = last('/token') ?? {};
    const form = new URLSearchParams(body);
    assert.deepEqual([form.get('grant_type'), form.get('scope')], ['client_credentials', 'dcr']);
    const basic = headers?.authorization?.replace(/^Basic /, '') ?? '';
    const sent = auth_method === 'client_secret_post' ? form.get('client_secret') : atob(basic).split(':')[1];
    assert.equal(decodeURIComponent(sent ?? ''), IAT);
    assert.equal(form.has('client_secret'), auth_method === 'client_secret_post');
    assert.equal(last('/reg')?.headers.authorization, 'Bearer at-1');
  });
}

test('a fetched token that the provider refuses is fetched anew once, and no more', async () => {
  let issued = 0;
  scripted.on('POST', '/token', (response, received) => {
    issued += 1;
    token(`at-${issued}`)(response, received);
  });
  scripted.on('POST', '/reg', (response, received) =>
    received.headers.authorization === 'Bearer at-2'
      ? REGISTERED(response, received)
      : json(401, { error: 'invalid_token' })(response, received),
  );
  driven = await drive(scripted.issuer, { token_client: CLIENT });
  assert.equal((await driven.upstream.register(metadata(), 'marker')).client_id, 'c1');
  scripted.on('POST', '/reg', json(401, { error: 'invalid_token' }));
  const before = scripted.to('POST', '/reg').length;
  const failed = await failure(driven.upstream.register(metadata(), 'marker'));
  assert.deepEqual([failed.reason, failed.outcome], ['upstream_credential_refused', 'not_done']);
  assert.equal(scripted.to('POST', '/reg').length, before + 2);
});

test('a token that is about to end is not used', async () => {
  scripted.on('POST', '/token', token('short', { expires_in: 20 }));
  const before = scripted.to('POST', '/token').length;
  driven = await drive(scripted.issuer, { token_client: CLIENT });
  await driven.upstream.register(metadata(), 'marker');
  await driven.upstream.register(metadata(), 'marker');
  assert.equal(scripted.to('POST', '/token').length, before + 2);
});

test('Curity: a token registers one client, so each registration fetches its own', async () => {
  scripted.on('POST', '/token', token('once'));
  const before = scripted.to('POST', '/token').length;
  driven = await drive(scripted.issuer, { preset: 'curity', token_client: { ...CLIENT, scope: 'dcr' } });
  await driven.upstream.register(metadata(), 'marker');
  await driven.upstream.register(metadata(), 'marker');
  assert.equal(scripted.to('POST', '/token').length, before + 2);
});

test('S-UP-08: a refused token client is its own failure, and nothing was registered', async () => {
  const body = { error: 'invalid_client', error_description: `secret ${IAT} is wrong` };
  driven = await drive(scripted.issuer, { token_client: CLIENT });
  const before = scripted.to('POST', '/reg').length;
  for (const [answer, reason] of [
    [json(401, body), 'upstream_credential_refused'],
    [json(400, body), 'upstream_credential_refused'],
    [json(500, body), 'upstream_malformed'],
    [json(429, body), 'upstream_busy'],
    [json(200, {}), 'upstream_malformed'],
    [token('two\nlines'), 'upstream_malformed'],
    [token('x', { token_type: 'mac' }), 'upstream_malformed'],
  ] as const) {
    driven.upstreams.close();
    driven = await drive(scripted.issuer, { token_client: CLIENT });
    scripted.on('POST', '/token', answer);
    const failed = await failure(driven.upstream.register(metadata(), 'marker'));
    assert.deepEqual([failed.reason, failed.outcome], [reason, 'not_done']);
    assert.ok(!everythingOf(failed).includes(IAT));
  }
  scripted.on('POST', '/token', () => {});
  driven.upstreams.close();
  driven = await drive(scripted.issuer, { token_client: CLIENT, timeout_ms: 300 });
  const failed = await failure(driven.upstream.register(metadata(), 'marker'));
  assert.deepEqual([failed.reason, failed.outcome], ['upstream_timeout', 'not_done']);
  assert.equal(scripted.to('POST', '/reg').length, before);
});
