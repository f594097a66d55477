/** An operator compares the clients here with a real provider's own, and settles what differs. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { send } from '../support/bridge.ts';
import { domain, type Operated, startOperated } from '../support/operated-service.ts';
import { API_KEY, newKeyEncryptionKey } from '../support/service.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { run } from './support.ts';

let upstream: Upstream;
let operated: Operated;
let env: Readonly<Record<string, string>>;
before(async () => {
  upstream = await startUpstream({ rotate: true });
  const { issuer, initialAccessToken, search } = upstream;
  const acme = {
    type: 'oidc',
    issuer,
    search,
    initial_access_token: '{env:IAT}',
    allow_insecure_loopback: true,
  };
  const { providers, portals, ...rest } = domain({
    portals: { test: { providers: ['local', 'acme'] } },
  }) as Record<string, object>;
  env = { KEY_ENCRYPTION_KEY: newKeyEncryptionKey(), IAT: initialAccessToken };
  operated = await startOperated({ config: { ...rest, portals, providers: { ...providers, acme } }, env });
  const { directory } = operated.service;
  env = {
    ...env,
    STORE_URL: `sqlite:${directory}/store.db`,
    KEYS_DIR: `${directory}/keys`,
    CONFIG_FILE: `${directory}/test-config.json`,
  };
});
after(async () => {
  await operated?.service.stop();
  await upstream?.stop();
});

const reconcile = (...words: readonly string[]) =>
  run(['reconcile', ...words, '--json'], { cwd: operated.service.directory, env });

async function drift() {
  const { code, stdout, stderr } = await reconcile('drift', 'acme');
  assert.equal(stderr, '');
  return { code, rows: JSON.parse(stdout)['clients that are not as they are here'] };
}

function call(method: string, path: string, body?: object) {
  return send(`${operated.service.managementUrl}/bridge/acme/clients${path}`, {
    method,
    headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

test('S-UP-07 what was deleted at the provider is found while the service runs, and let go', async () => {
  const [kept, gone] = [
    await call('POST', '', { client_name: 'kept' }),
    await call('POST', '', { client_name: 'gone' }),
  ];
  assert.deepEqual([kept.status, gone.status], [201, 201]);
  assert.deepEqual(await drift(), { code: 0, rows: [] });
  const [there] = (await upstream.clients()).filter(({ client_id }) => client_id === gone.body.client_id);
  const headers = { authorization: `Bearer ${there?.registration_access_token}` };
  assert.equal(
    (await fetch(String(there?.registration_client_uri), { method: 'DELETE', headers })).status,
    204,
  );
  const { code, rows } = await drift();
  assert.equal(code, 1);
  assert.deepEqual(
    rows.map((row: Record<string, string>) => [row.id_there, row.state]),
    [[gone.body.client_id, 'absent']],
  );
  assert.equal((await call('GET', `/${gone.body.client_id}`)).status, 200);
  assert.equal((await call('PUT', `/${kept.body.client_id}`, { client_name: 'kept on' })).status, 200);
  assert.equal((await reconcile('let-go', rows[0].client_id)).code, 0);
  assert.equal((await call('GET', `/${gone.body.client_id}`)).status, 404);
  assert.deepEqual(await drift(), { code: 0, rows: [] });
});

test('wrong words act on nothing', async () => {
  for (const words of [
    ['accept'],
    ['push', 'a', 'b'],
    ['drift', 'no-such'],
    ['drift', 'acme', 'NO PORTAL'],
    ['push', 'cl_1', '--force'],
  ])
    assert.equal((await reconcile(...words)).code, 2, words.join(' '));
  const unknown = await reconcile('push', 'cl_1cTLxJdKtEmBtCkLYIHRDG');
  assert.deepEqual([unknown.code, unknown.stdout], [1, '']);
});
