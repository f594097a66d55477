/** A new key-encryption key leaves the clients at upstream providers manageable. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portal } from '../support/bridge.ts';
import { startOperated } from '../support/operated-service.ts';
import { newKeyEncryptionKey } from '../support/service.ts';
import { startUpstream } from '../support/upstream.ts';
import { upstreamDomain } from '../support/upstream-domain.ts';

test('what manages a client at its provider is readable after the ring was sealed under another key', async (t) => {
  const upstream = await startUpstream({ rotate: true });
  t.after(() => upstream.stop());
  const [before, now] = [newKeyEncryptionKey(), newKeyEncryptionKey()];
  const env = { KEY_ENCRYPTION_KEY: before, IAT: upstream.initialAccessToken };
  const config = upstreamDomain(upstream.issuer);
  let operated = await startOperated({ config, env });
  t.after(() => operated.service.stop());
  const created = await portal(operated.service, { provider: 'acme' }).create({ client_name: 'first' });
  assert.equal(created.status, 201);
  await operated.service.stop();
  const { directory } = operated.service;
  const both = { ...env, KEY_ENCRYPTION_KEY: now, KEY_ENCRYPTION_KEY_PREVIOUS: before };
  operated = await startOperated({ config, directory, env: both });
  await operated.operate('keys', 'rewrap');
  await operated.service.stop();
  operated = await startOperated({ config, directory, env: { ...env, KEY_ENCRYPTION_KEY: now } });
  const acme = portal(operated.service, { provider: 'acme' });
  const id = String(created.body.client_id);
  assert.equal((await acme.update(id, { client_name: 'second' })).status, 200);
  assert.equal((await acme.delete(id)).status, 204);
  assert.deepEqual(await upstream.clients(), []);
});
