/** A whole bridge request ends within 5 s, in every dialect, whatever hangs upstream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { send } from '../support/bridge.ts';
import { API_KEY, startService } from '../support/service.ts';
import { startUpstream } from '../support/upstream.ts';
import { upstreamDomain } from '../support/upstream-domain.ts';

const MOST_MS = 5_000;
const DIALECTS = ['/bridge/acme/clients', '/konnect/acme', '/register/acme'];

test('F-12, S-UP-06 a provider that hangs lets no act of any dialect take longer than 5 s', async (t) => {
  const upstream = await startUpstream();
  t.after(() => upstream.stop());
  const { issuer, initialAccessToken: IAT } = upstream;
  const service = await startService({ config: upstreamDomain(issuer), env: { IAT } });
  t.after(() => service.stop());
  const call = (method: string, path: string, body?: object) =>
    send(service.managementUrl + path, {
      method,
      headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const ids = await Promise.all(
    DIALECTS.map(async (path) =>
      String((await call('POST', path, { client_name: 'a', redirect_uris: [] })).body.client_id),
    ),
  );
  upstream.proxy.swallowReplies();
  const timed = async (name: string, act: ReturnType<typeof call>) => {
    const startedAt = performance.now();
    const { status } = await act;
    return { name, status, ms: performance.now() - startedAt };
  };
  const acts = DIALECTS.flatMap((path, index) => [
    timed(`create ${path}`, call('POST', path, { client_name: 'b', redirect_uris: [] })),
    timed(`delete ${path}`, call('DELETE', `${path}/${ids[index]}`)),
  ]);
  const update = timed('update', call('PUT', `/bridge/acme/clients/${ids[0]}`, { client_name: 'c' }));
  for (const { name, status, ms } of await Promise.all([...acts, update])) {
    assert.ok(ms < MOST_MS, `${name}: ${ms} ms`);
    assert.ok([202, 404, 409, 503, 504].includes(status), `${name}: ${status}`);
    if (name.startsWith('create /')) assert.equal(status, 504, name);
    if (name.startsWith('delete')) assert.ok(status === 202 || status === 409, `${name}: ${status}`);
  }
  upstream.proxy.pass();
  upstream.proxy.cut();
});
