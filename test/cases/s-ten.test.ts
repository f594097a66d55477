/** S-TEN: one portal is nothing to another, and its key is the only thing that says which it is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fetchToken } from '../support/bridge.ts';
import { assertLogged, shapeOf } from '../support/refusal.ts';
import { API_KEY } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { BRIDGE, bearer, call, DIALECTS, KONNECT, RFC_DIALECTS, through } from './support/dialects.ts';
import { CLIENT_ROUTES, urlOf } from './support/routes.ts';
import { NOT_FOUND, storedClient, storedClients, UNAUTHORIZED } from './support/stored.ts';

let bridge: CaseBridge;
let stranger: string;
before(async () => {
  bridge = await startBridge();
  stranger = await bridge.addPortal('stranger');
});
after(async () => {
  await bridge.service.stop();
});

for (const route of CLIENT_ROUTES) {
  test(`S-TEN-01 a portal meets another's client as an unknown one: ${route.method} ${route.listener} ${route.path}`, async () => {
    const { service } = bridge;
    const made = await through(BRIDGE, service).create({ client_name: 'theirs', scope: 'read' });
    const { client_id } = made.body;
    const [secret] = storedClient(service, made).secrets;
    const url = urlOf(service, route, { client_id, secret_id: secret?.secret_id ?? '' });
    const body = route.example && {
      ...route.example,
      ...('client_id' in route.example ? { client_id } : {}),
    };
    const refused = await refuses(service, NOT_FOUND, () => call(route.method, url, { key: stranger, body }));
    await assertLogged(service, refused);
    const line = service.output.find((text) => text.includes(refused.body.error_id)) ?? '{}';
    const { portal, client_id: about, reason } = JSON.parse(line);
    assert.deepEqual(
      { portal, about, reason },
      { portal: 'stranger', about: client_id, reason: 'client_unknown' },
    );
    assert.equal((await fetchToken(service, made.body)).status, 200);
    const owner = await call(route.method, url, { key: API_KEY, body });
    // The only secret is refused to its owner for another reason: that it is the only one.
    assert.ok(owner.status < 300 || (route.path.endsWith(':secret_id') && owner.status === 409), owner.text);
  });
}

test('S-TEN-01 a list holds the portal’s own clients and no cursor reaches another’s', async () => {
  const { service } = bridge;
  const { clients, create } = through(BRIDGE, service);
  const label = { labels: { listed: 'yes' } };
  const own = [await create(label), await create(label)];
  const theirs = await through(BRIDGE, service, stranger).create(label);
  const list = (key: string, query: string) => call('GET', `${clients}?label.listed=yes&${query}`, { key });
  const ids = (answer: { body: { clients: { client_id: string }[] } }) =>
    answer.body.clients.map((one) => one.client_id);
  assert.deepEqual(ids(await list(stranger, 'limit=100')), [theirs.body.client_id]);
  assert.deepEqual(
    ids(await list(API_KEY, 'limit=100')).sort(),
    own.map(({ body }) => body.client_id).sort(),
  );
  const { next_cursor } = (await list(API_KEY, 'limit=1')).body;
  assert.equal((await list(API_KEY, `limit=1&cursor=${next_cursor}`)).status, 200);
  const foreign = { status: 400, error: 'invalid_request', says: /^cursor: / };
  await refuses(service, foreign, () => list(stranger, `limit=1&cursor=${next_cursor}`));
});

test('S-TEN-01 an idempotency key of another portal has no answer to give', async () => {
  const { service } = bridge;
  for (const dialect of DIALECTS) {
    const { create, rotate } = through(dialect, service);
    const { body } = await create();
    const key = { 'idempotency-key': 'theirs' };
    assert.equal((await rotate(body.client_id, undefined, key)).status, 200);
    const other = through(dialect, service, stranger);
    await refuses(service, NOT_FOUND, () => other.rotate(body.client_id, undefined, key));
  }
});

for (const dialect of DIALECTS) {
  test(`S-TEN-02 nothing that a request says but its key makes it another portal's (${dialect.name})`, async () => {
    const { service } = bridge;
    const { clients } = through(dialect, service);
    const claim = {
      portal: 'test',
      tenant: 'test',
      owner: 'test',
      portal_id: 'test',
      organization_id: 'test',
    };
    const made = await call('POST', `${clients}?portal=test&tenant=test`, {
      key: stranger,
      body: { ...KONNECT.needs, ...claim },
      headers: {
        'x-portal': 'test',
        'x-tenant-id': 'test',
        'x-consumer-username': 'test',
        forwarded: 'by=test',
      },
    });
    assert.equal(made.status, 201, made.text);
    assert.equal(storedClient(service, made).portal, 'stranger');
    await refuses(service, NOT_FOUND, () => through(dialect, service).delete(made.body.client_id));
    assert.equal((await through(dialect, service, stranger).delete(made.body.client_id)).status, 204);
  });
}

test('S-TEN-02 two credentials that differ are refused: it is not ours to choose', async () => {
  const { service } = bridge;
  for (const dialect of DIALECTS) {
    const both = () =>
      call('POST', dialect.clients(service), {
        key: stranger,
        body: KONNECT.needs,
        headers: bearer(API_KEY),
      });
    await refuses(service, { status: 400, error: 'invalid_request' }, both);
    const same = await call('POST', dialect.clients(service), {
      key: stranger,
      body: KONNECT.needs,
      headers: bearer(stranger),
    });
    assert.equal(same.status, 201);
  }
});

test('S-TEN-10 no answer tells whether an id is another portal’s or nobody’s', async () => {
  const { service } = bridge;
  for (const dialect of [...DIALECTS, ...RFC_DIALECTS]) {
    const { body } = await through(dialect, service).create();
    const other = through(dialect, service, stranger);
    const nobody = `cl_${'1'.repeat(22)}`;
    const acts = [
      (id: string) => other.update(id, { client_name: 'b' }),
      (id: string) => other.update(id, { scope: 'admin', redirect_uris: ['javascript:x'] }),
      (id: string) => other.rotate(id),
      (id: string) => other.rotate(id, { secret_overlap_seconds: -1 }),
      (id: string) => other.delete(id),
      ...(dialect === KONNECT ? [] : [(id: string) => other.read(id)]),
    ];
    for (const act of acts) {
      const shapes = [];
      for (const id of [body.client_id, nobody]) shapes.push(shapeOf(await act(id)));
      assert.deepEqual(shapes[0], shapes[1]);
    }
  }
  for (const key of ['dcrk_nobody', '']) {
    await refuses(service, UNAUTHORIZED, () => through(BRIDGE, service, key).create());
  }
  assert.ok(storedClients(service).length > 0);
});
