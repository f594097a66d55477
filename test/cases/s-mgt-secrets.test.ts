/** S-MGT: rotation never leaves a client without a secret, and never leaves it with too many. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fetchToken, postToken } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { API_KEY } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { tempDir } from '../support/temp.ts';
import { refuses, rowsOf } from '../support/unwritten.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { BRIDGE, call, DIALECTS, type Dialect, KONNECT, through } from './support/dialects.ts';
import { storedClient, storedClients } from './support/stored.ts';

let bridge: CaseBridge;
let overlapping: string;
before(async () => {
  bridge = await startBridge();
  overlapping = await bridge.addPortal('overlapping');
});
after(async () => {
  await bridge.service.stop();
});

for (const dialect of DIALECTS) {
  test(`S-MGT-14 a rotation whose answer was lost is had again with its key (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, client } = through(dialect, service);
    const made = await create();
    const url = new URL(`${client(made.body.client_id)}/${dialect.rotation}`);
    const proxy = await startTcpProxy(Number(url.port));
    const rotate = (port: string, key?: string) =>
      call('POST', `http://${url.hostname}:${port}${url.pathname}`, {
        key: API_KEY,
        headers: key === undefined ? {} : { 'idempotency-key': key },
      });
    let lost: Promise<string> | undefined;
    try {
      proxy.swallowReplies();
      lost = rotate(String(proxy.port), 'rotate-1').then(
        () => assert.fail('was answered'),
        () => 'lost',
      );
      await eventually(async () => assert.equal(storedClient(service, made).version, 2), 5000);
    } finally {
      await proxy.close();
    }
    assert.equal(await lost, 'lost');
    assert.equal((await fetchToken(service, made.body)).status, 401, 'the old one has stopped');
    const rows = rowsOf(service);
    const had = await rotate(url.port, 'rotate-1');
    assert.equal(had.status, 200);
    assert.deepEqual(rowsOf(service), rows, 'no second rotation');
    assert.equal((await fetchToken(service, had.body)).status, 200);
    const fresh = await rotate(url.port);
    assert.equal(fresh.status, 200, 'and without a key there is a way out too');
    assert.notEqual(fresh.body.client_secret, had.body.client_secret);
    assert.equal((await fetchToken(service, fresh.body)).status, 200);
  });

  test(`S-MGT-15 rotated again within the overlap, the oldest secret goes first (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, rotate } = through(dialect, service, overlapping);
    const made = await create();
    const { client_id } = made.body;
    const secrets: string[] = [made.body.client_secret];
    const valid = async () => {
      const answers = await Promise.all(
        secrets.map((client_secret) => fetchToken(service, { client_id, client_secret })),
      );
      return answers.map(({ status }) => status === 200);
    };
    // Konnect's contract: the old secret is unusable at once, whatever the policy.
    const overlap = dialect !== KONNECT;
    const expected = [
      [overlap, true],
      [false, overlap, true],
      [false, false, overlap, true],
    ];
    for (const after of expected) {
      secrets.push((await rotate(client_id)).body.client_secret);
      assert.deepEqual(await valid(), after);
      assert.ok(storedClient(service, made).secrets.length <= 2);
    }
    const { clients } = through(BRIDGE, service);
    await rotate(client_id);
    const add = () => call('POST', `${clients}/${client_id}/secrets`, { key: overlapping, body: {} });
    if (overlap) await refuses(service, { status: 409, error: 'conflict', says: /delete one first/ }, add);
    else assert.equal((await add()).status, 201);
  });
}

test('S-MGT-15 the last secret that works can’t be deleted', async () => {
  const { service } = bridge;
  const { create, client } = through(BRIDGE, service);
  const made = await create();
  const { body } = await call('GET', `${client(made.body.client_id)}/secrets`, { key: API_KEY });
  const only = `${client(made.body.client_id)}/secrets/${body.secrets[0].secret_id}`;
  await refuses(service, { status: 409, error: 'conflict' }, () => call('DELETE', only, { key: API_KEY }));
  assert.equal((await fetchToken(service, made.body)).status, 200);
  const added = await call('POST', `${client(made.body.client_id)}/secrets`, { key: API_KEY, body: {} });
  assert.equal((await call('DELETE', only, { key: API_KEY })).status, 204);
  assert.equal((await fetchToken(service, made.body)).status, 401);
  assert.equal((await fetchToken(service, added.body)).status, 200);
});

type Method = 'client_secret_basic' | 'client_secret_post';

test('S-MGT-16 at its announced end the old secret stops by every method, with rotation switched off too', async (t) => {
  const directory = tempDir('overlap');
  const portals = (seconds: number) => ({ moving: { secret_overlap_seconds: seconds } });
  const first = await startBridge({ directory, portals: portals(5) });
  t.after(() => first.service.stop());
  const key = await first.addPortal('moving');
  const clients: { method: Method; dialect: Dialect; id: string; old: string; now: string }[] = [];
  for (const dialect of DIALECTS.filter((one) => one !== KONNECT)) {
    for (const method of ['client_secret_basic', 'client_secret_post'] as const) {
      const { create, rotate } = through(dialect, first.service, key);
      const { body } = await create({ client_name: 'a client', token_endpoint_auth_method: method });
      const rotated = await rotate(body.client_id);
      clients.push({
        method,
        dialect,
        id: body.client_id,
        old: body.client_secret,
        now: rotated.body.client_secret,
      });
    }
  }
  const ends = storedClients(first.service).map(({ secrets }) => secrets[1]?.expires_at ?? 0);
  const end = Math.max(...ends);
  assert.ok(end > 0);
  await first.service.stop();
  const { service } = await startBridge({ directory, portals: portals(0) });
  try {
    const token = (method: Method, client_id: string, client_secret: string) =>
      method === 'client_secret_basic'
        ? fetchToken(service, { client_id, client_secret })
        : postToken(service, { grant_type: 'client_credentials', client_id, client_secret });
    if (Date.now() < (Math.min(...ends.filter((one) => one > 0)) - 1) * 1000) {
      for (const { method, id, old } of clients) assert.equal((await token(method, id, old)).status, 200);
    }
    const rows = rowsOf(service);
    await sleep(Math.max(0, end * 1000 - Date.now()) + 20);
    for (const { method, id, old, now } of clients) {
      const refused = await token(method, id, old);
      assert.equal(refused.status, 401);
      assert.equal(refused.body.error, 'invalid_client');
      assert.equal((await token(method, id, now)).status, 200);
    }
    assert.deepEqual(rowsOf(service), rows, 'no cleaner was needed: the end is judged at use');
  } finally {
    await service.stop();
  }
});

test('S-MGT-16 an ended secret is not the client’s any more when it identifies itself in an update', async () => {
  const { service } = bridge;
  const { create, rotate, update } = through(DIALECTS[3] ?? assert.fail(), service);
  const { body } = await create();
  const { client_id, client_secret } = body;
  const rotated = await rotate(client_id);
  const refused = { status: 400, error: 'invalid_client_metadata', says: /^client_secret: / };
  await refuses(service, refused, () => update(client_id, { client_id, client_secret, client_name: 'b' }));
  const current = { client_id, client_secret: rotated.body.client_secret, client_name: 'b' };
  assert.equal((await update(client_id, current)).status, 200);
});
