/** The driver against a provider that shares no line of code and no language with it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Driven, drive, failure, metadata } from '../providers/support.ts';
import { type Glewlwyd, startGlewlwyd } from './glewlwyd.ts';

let glewlwyd: Glewlwyd;
let driven: Driven;
before(async () => {
  glewlwyd = await startGlewlwyd();
  driven = await drive(glewlwyd.issuer);
});
after(async () => {
  driven?.upstreams.close();
  await glewlwyd?.stop();
});

const METADATA = metadata({ scope: 'openid', redirect_uris: ['https://app.example.com/callback'] });

test('glewlwyd: a client is registered, read, changed and removed, and its own store says so', async () => {
  const { upstream } = driven;
  const client = await upstream.register(METADATA, 'reg_7Zq');
  assert.ok(client.client_secret !== undefined && client.registration_access_token !== undefined);
  assert.deepEqual(client.granted.grant_types, ['client_credentials']);
  // It grants a response type where none was asked for: why what was granted is kept, not what was asked.
  assert.deepEqual(client.granted.response_types, ['code']);
  assert.ok(glewlwyd.clientIds().includes(client.client_id));
  assert.equal((await upstream.read(client)).client_id, client.client_id);
  const updated = await upstream.update(client, { ...METADATA, client_name: 'renamed' }, 'reg_7Zq');
  assert.equal(updated.granted.client_name, 'renamed');
  assert.equal(await upstream.remove(updated), 'removed');
  assert.ok(!glewlwyd.clientIds().includes(client.client_id));
});

test('glewlwyd: what it refuses comes back in its own words, and nothing is there', async () => {
  const before = glewlwyd.clientIds();
  const failed = await failure(driven.upstream.register({ ...METADATA, redirect_uris: [] }, 'reg_8Zq'));
  assert.deepEqual([failed.reason, failed.outcome, failed.status], ['upstream_refused', 'not_done', 400]);
  assert.equal(failed.upstreamError, 'invalid_redirect_uri');
  assert.match(failed.upstreamErrorDescription ?? '', /redirect_uris is mandatory/);
  assert.deepEqual(glewlwyd.clientIds(), before);
});
