/** S-MGT: the registration access token speaks for one client, for as long as that is there and enabled. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setPortalState } from '../../src/portals/manage.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { setClientState } from '../../src/registration/administer.ts';
import { type Answer, fetchToken } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis.ts';
import { assertLogged, assertRefusal, shapeOf } from '../support/refusal.ts';
import { API_KEY } from '../support/service.ts';
import { refuses, rowsOf } from '../support/unwritten.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { BRIDGE, bearer, call, KONNECT, OWN, RFC_DIALECTS, through } from './support/dialects.ts';
import { ROUTES, urlOf } from './support/routes.ts';
import { INVALID_TOKEN, storedClient, UNAUTHORIZED } from './support/stored.ts';

let bridge: CaseBridge;
before(async () => {
  bridge = await startBridge();
});
after(async () => {
  await bridge.service.stop();
});

/** Everything that RFC 7592 and renew let a token do to the client at `url`. */
const ACTS = [
  ['GET', ''],
  ['PUT', '', { client_name: 'taken over', scope: 'write' }],
  ['POST', '/renew-secret'],
  ['PUT', '/renew-secret'],
  ['PATCH', '/renew-secret'],
  ['DELETE', ''],
] as const;

function manage(url: string, [method, path, body]: (typeof ACTS)[number], token: string): Promise<Answer> {
  return call(method, url + path, { body, headers: bearer(token) });
}

for (const dialect of RFC_DIALECTS) {
  test(`S-MGT-01 a token counts in the Authorization header and nowhere else (${dialect.name})`, async () => {
    const { service } = bridge;
    const { body } = await through(dialect, service).create();
    const token: string = body.registration_access_token;
    const url = `${dialect.clients(service)}/${body.client_id}`;
    await refuses(service, UNAUTHORIZED, () => call('GET', url));
    for (const query of ['access_token', 'registration_access_token', 'token']) {
      await refuses(service, UNAUTHORIZED, () => call('GET', `${url}?${query}=${token}`));
      await refuses(service, UNAUTHORIZED, () =>
        call('PUT', url, { body: { client_name: 'taken over', [query]: token } }),
      );
    }
    for (const authorization of [
      token,
      `Token ${token}`,
      `Bearer`,
      `Bearer ${token} ${token}`,
      `Digest ${token}`,
    ]) {
      await refuses(service, UNAUTHORIZED, () => call('GET', url, { headers: { authorization } }));
    }
    for (const wrong of [`${token}x`, token.slice(0, -1), token.toUpperCase(), 'dcrr_']) {
      const refused = {
        ...UNAUTHORIZED,
        error: wrong.startsWith('dcrr_') ? 'invalid_token' : 'unauthorized',
      };
      await refuses(service, refused, () => call('GET', url, { headers: bearer(wrong) }));
    }
    assert.equal((await call('GET', url, { headers: bearer(token) })).status, 200);
    await eventually(
      async () => assert.ok(service.output.some((line) => line.includes('"status":401'))),
      2000,
    );
    assert.ok(!service.output.join('\n').includes(token), 'a token was logged');
  });

  test(`S-MGT-02 the token of one client does nothing to another, nor says whether it is there (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, client } = through(dialect, service);
    const [own, other] = [(await create()).body, (await create()).body];
    const stranger = `cl_${'0'.repeat(22)}`;
    for (const act of ACTS) {
      const answers: unknown[] = [];
      for (const id of [other.client_id, stranger, 'no-id-at-all']) {
        const attempt = () => manage(client(id), act, own.registration_access_token);
        const refused = await refuses(service, INVALID_TOKEN, attempt);
        answers.push(shapeOf(refused));
        await assertLogged(service, refused);
      }
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
    }
    for (const { client_id, registration_access_token } of [own, other]) {
      const read = await call('GET', client(client_id), { headers: bearer(registration_access_token) });
      assert.equal(read.status, 200, 'and its own is not burned by it');
    }
    assert.equal((await fetchToken(service, other)).status, 200);
  });

  test(`S-MGT-03 the token of a deleted client is as good as none (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, client } = through(dialect, service);
    const { body } = await create();
    const [, , , , , remove] = ACTS;
    assert.equal((await manage(client(body.client_id), remove, body.registration_access_token)).status, 204);
    for (const act of ACTS) {
      const attempt = () => manage(client(body.client_id), act, body.registration_access_token);
      await refuses(service, INVALID_TOKEN, attempt);
    }
  });

  test(`S-MGT-05 a client that the operator disabled is out of its token's reach (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, client } = through(dialect, service);
    const made = await create();
    const { client_id, registration_access_token } = made.body;
    const now = Math.floor(Date.now() / 1000);
    const set = (state: 'active' | 'disabled') =>
      bridge.asOperator((_, { clients }) => setClientState(clients, client_id, state, now));
    await set('disabled');
    assert.equal((await fetchToken(service, made.body)).status, 401);
    for (const act of ACTS) {
      const attempt = () => manage(client(client_id), act, registration_access_token);
      await refuses(service, INVALID_TOKEN, attempt);
    }
    // The portal's own key may still tidy up, and does not enable it by that.
    const { update, rotate } = through(dialect, service);
    assert.equal(
      (await update(client_id, { client_name: 'renamed', state: 'active', disabled: false })).status,
      200,
    );
    const rotated = await rotate(client_id);
    assert.equal(storedClient(service, made).state, 'disabled');
    assert.equal(
      (await fetchToken(service, { client_id, client_secret: rotated.body.client_secret })).status,
      401,
    );
    await set('active');
    const read = await call('GET', client(client_id), { headers: bearer(registration_access_token) });
    assert.equal(read.status, 200);
  });

  test(`S-MGT-05 while a portal is disabled its clients' tokens manage nothing (${dialect.name})`, async () => {
    const { service } = bridge;
    const portal = `closed${RFC_DIALECTS.indexOf(dialect)}` as PortalName;
    const { create, client } = through(dialect, service, await bridge.addPortal(portal));
    const made = await create();
    const { client_id, registration_access_token } = made.body;
    const set = (state: 'active' | 'disabled') =>
      bridge.asOperator((context) => setPortalState(context, portal, state));
    await set('disabled');
    for (const act of ACTS) {
      const attempt = () => manage(client(client_id), act, registration_access_token);
      await refuses(service, INVALID_TOKEN, attempt);
    }
    // Its clients are not its keys: they keep fetching tokens.
    assert.equal((await fetchToken(service, made.body)).status, 200);
    await set('active');
    const read = await call('GET', client(client_id), { headers: bearer(registration_access_token) });
    assert.equal(read.status, 200);
  });

  test(`S-MGT-11 no way of changing a client loses its owner, its token or its secret (${dialect.name})`, async () => {
    const { service } = bridge;
    const made = await through(dialect, service).create({
      client_name: 'a client',
      scope: 'read',
      labels: { a: '1' },
    });
    const { client_id, registration_access_token } = made.body;
    const url = through(dialect, service).client(client_id);
    const before = storedClient(service, made);
    const updates = [
      () => through(BRIDGE, service).update(client_id, { client_name: 'b', portal: 'other', secrets: [] }),
      () => through(KONNECT, service).update(client_id, { client_name: 'c', redirect_uris: ['*'] }),
      () =>
        call('PUT', url, {
          body: { client_id, client_name: 'd' },
          headers: bearer(registration_access_token),
        }),
      () => through(dialect, service).update(client_id, {}),
    ];
    for (const [index, update] of updates.entries()) {
      assert.equal((await update()).status, 200);
      const { metadata: _, updated_at: __, version, ...kept } = storedClient(service, made);
      const { metadata: ___, updated_at: ____, version: _____, ...was } = before;
      assert.deepEqual(kept, was);
      assert.equal(version, index + 2);
      const read = await call('GET', url, { headers: bearer(registration_access_token) });
      assert.equal(read.body.registration_access_token, registration_access_token);
      assert.equal((await fetchToken(service, made.body)).status, 200);
    }
    const patched = await call('PATCH', url, {
      body: { client_name: 'e' },
      headers: bearer(registration_access_token),
    });
    assertRefusal(patched, { status: 405, error: 'method_not_allowed' });
  });

  test(`S-MGT-22 the token never changes, so a lost answer loses no client (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, client } = through(dialect, service);
    const { body } = await create();
    const token: string = body.registration_access_token;
    for (const act of ACTS.slice(0, 5)) {
      // As if each of these answers had been lost: what is used is the token of the first.
      const answer = await manage(client(body.client_id), act, token);
      assert.equal(answer.status, 200);
      assert.equal(answer.body.registration_access_token, token);
    }
    const byKey = await through(dialect, service).read(body.client_id);
    assert.equal(byKey.body.registration_access_token, token, 'and the portal can have it again');
  });
}

test('S-MGT-04 while the store is away a token is not judged, and it is good again afterwards', async () => {
  const redis = await startRedis();
  const { service } = await startBridge({ env: { STORE_URL: redis.url } });
  try {
    const { create, client } = through(OWN, service);
    const { body } = await create();
    const act = () =>
      call('GET', client(body.client_id), { headers: bearer(body.registration_access_token) });
    assert.equal((await act()).status, 200);
    await redis.kill();
    for (let time = 0; time < 3; time += 1) {
      assertRefusal(await act(), { status: 503, error: 'temporarily_unavailable' });
    }
    await redis.restart();
    await eventually(async () => assert.equal((await act()).status, 200), 10_000);
  } finally {
    await service.stop();
    await redis.stop();
  }
});

test('S-MGT-21 a method that a path does not take is a 405 that lists those it takes', async () => {
  const { service } = bridge;
  const { body } = await through(BRIDGE, service).create();
  const urls = new Map<string, string[]>();
  for (const route of ROUTES) {
    const url = urlOf(service, route, { client_id: body.client_id, secret_id: 'sec_x' });
    urls.set(url, [...(urls.get(url) ?? []), route.method]);
  }
  for (const [url, methods] of urls) {
    const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => !methods.includes(method));
    for (const method of others) {
      const refused = await refuses(service, { status: 405, error: 'method_not_allowed' }, () =>
        call(method, url, { key: API_KEY, body: method === 'GET' ? undefined : {} }),
      );
      const allow = (refused.headers.get('allow') ?? '').split(', ').filter((name) => name !== 'HEAD');
      assert.deepEqual(allow.sort(), [...methods].sort(), url);
    }
  }
  const rows = rowsOf(service).clients ?? [];
  assert.ok(rows.length > 0);
});
