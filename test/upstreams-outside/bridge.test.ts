/** The whole bridge, as a portal uses it, in front of a provider in another language. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portal } from '../support/bridge.ts';
import { startService } from '../support/service.ts';
import { upstreamDomain } from '../support/upstream-domain.ts';
import { startGlewlwyd } from './glewlwyd.ts';

test('glewlwyd behind the bridge: a client is created, read, updated and deleted, and told as it was granted', async (t) => {
  const glewlwyd = await startGlewlwyd();
  t.after(() => glewlwyd.stop());
  const service = await startService({ config: upstreamDomain(glewlwyd.issuer), env: { IAT: 'unused' } });
  t.after(() => service.stop());
  const acme = portal(service, { provider: 'acme' });
  const redirect_uris = ['https://app.example.com/callback'];
  const created = await acme.create({ client_name: 'weather', redirect_uris });
  assert.equal(created.status, 201, created.text);
  const { client_id: id, client_secret, response_types, grant_types, issuer } = created.body;
  assert.ok(client_secret);
  // It grants a response type where none was asked for. Without a redirecting grant that gives nothing.
  assert.deepEqual(
    [response_types, grant_types, issuer],
    [['code'], ['client_credentials'], glewlwyd.issuer],
  );
  assert.deepEqual(glewlwyd.clientIds().includes(id), true);
  const read = await acme.read(id);
  assert.deepEqual(
    [read.status, read.body.response_types, read.body.client_secret],
    [200, ['code'], undefined],
  );
  const updated = await acme.update(id, { client_name: 'renamed' });
  assert.deepEqual(
    [updated.status, updated.body.client_name, updated.body.response_types],
    [200, 'renamed', ['code']],
  );
  assert.match(updated.body.client_secret, /./);
  assert.notEqual(updated.body.client_secret, client_secret, 'it makes a new secret with every update');
  assert.equal(updated.headers.get('cache-control'), 'no-store');
  assert.equal((await acme.delete(id)).status, 204);
  assert.ok(!glewlwyd.clientIds().includes(id));
  assert.equal((await acme.read(id)).status, 404);
});
