/** S-DCR: what happens to a registration when the store fails, when it is sent twice, and when nobody uses it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fetchToken } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis.ts';
import { assertRefusal } from '../support/refusal.ts';
import { API_KEY } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { refuses, rowsOf } from '../support/unwritten.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { BRIDGE, call, DIALECTS, through } from './support/dialects.ts';
import { storedClients } from './support/stored.ts';

let bridge: CaseBridge;
before(async () => {
  bridge = await startBridge();
});
after(async () => {
  await bridge.service.stop();
});

test('S-DCR-24 while the store is away a registration is a 503 without a client, by every dialect', async () => {
  const redis = await startRedis();
  const { service } = await startBridge({ env: { STORE_URL: redis.url } });
  try {
    const made = await through(BRIDGE, service).create();
    assert.equal(made.status, 201);
    await redis.kill();
    for (const dialect of DIALECTS) {
      const refused = await through(dialect, service).create();
      assertRefusal(refused, { status: 503, error: 'temporarily_unavailable' });
      assert.ok(!/cl_|dcrs_|dcrr_/.test(refused.text), refused.text);
    }
    await redis.restart();
    await eventually(async () => {
      for (const dialect of DIALECTS) assert.equal((await through(dialect, service).create()).status, 201);
    }, 10_000);
    const { body } = await through(BRIDGE, service).read(made.body.client_id);
    assert.equal(body.client_id, made.body.client_id, 'what was there is there');
  } finally {
    await service.stop();
    await redis.stop();
  }
});

for (const [index, dialect] of DIALECTS.entries()) {
  test(`S-DCR-27 a create that is retried with its key is one client with one secret (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create } = through(dialect, service);
    const body = { client_name: 'a client', scope: 'read' };
    const retry = { 'idempotency-key': 'retry-1' };
    const made = await create(body, retry);
    assert.equal(made.status, 201);
    const rows = rowsOf(service);
    const again = await create(body, retry);
    assert.equal(again.status, 201);
    assert.deepEqual(again.body, made.body);
    assert.equal(again.headers.get('cache-control'), 'no-store');
    assert.deepEqual(rowsOf(service), rows);
    assert.equal((await fetchToken(service, again.body)).status, 200);
    const reused = { status: 422, error: 'idempotency_key_reused' };
    await refuses(service, reused, () => create({ ...body, client_name: 'another' }, retry));
    const other = await create(body, { 'idempotency-key': 'retry-2' });
    assert.notEqual(other.body.client_id, made.body.client_id, 'another key is another request');
    const neighbour = through(dialect, service, await bridge.addPortal(`neighbour${index}`));
    const theirs = await neighbour.create(body, retry);
    assert.equal(theirs.status, 201);
    assert.notEqual(theirs.body.client_id, made.body.client_id, 'a key is the portal’s own');
    const bad = { status: 400, error: 'invalid_request', says: /Idempotency-Key/ };
    for (const key of ['with space', 'a'.repeat(256), 'ü']) {
      await refuses(service, bad, () => create(body, { 'idempotency-key': key }));
    }
  });

  test(`S-DCR-27 fifty creates at once with one key are one client (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create } = through(dialect, service);
    const before = storedClients(service).length;
    const key = { 'idempotency-key': 'all-at-once' };
    const answers = await Promise.all(Array.from({ length: 50 }, () => create({ client_name: 'one' }, key)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    assert.equal(storedClients(service).length, before + 1);
  });
}

test('S-DCR-27 a refused create does not use its key up', async () => {
  const { service } = bridge;
  const { create } = through(BRIDGE, service);
  const key = { 'idempotency-key': 'after-a-mistake' };
  await refuses(service, { status: 400, error: 'invalid_client_metadata' }, () =>
    create({ scope: 'admin' }, key),
  );
  assert.equal((await create({ scope: 'read' }, key)).status, 201);
});

test('S-DCR-28 a client that nobody uses is reported as such and stays, over restarts', async (t) => {
  const directory = tempDir('unused');
  const first = (await startBridge({ directory })).service;
  t.after(() => first.stop());
  const { create } = through(BRIDGE, first);
  const [used, unused] = [await create(), await create()];
  const began = Math.floor(Date.now() / 1000);
  for (let time = 0; time < 3; time += 1) assert.equal((await fetchToken(first, used.body)).status, 200);
  await first.stop();
  const second = (await startBridge({ directory })).service;
  try {
    const secretsOf = async (id: string) => {
      const { body } = await call('GET', `${through(BRIDGE, second).client(id)}/secrets`, { key: API_KEY });
      return body.secrets[0];
    };
    const usedSecret = await secretsOf(used.body.client_id);
    assert.equal(usedSecret.use_count, 3);
    assert.ok(usedSecret.last_used_at >= began && usedSecret.last_used_at <= began + 5);
    const unusedSecret = await secretsOf(unused.body.client_id);
    assert.equal(unusedSecret.use_count, 0);
    assert.equal(unusedSecret.last_used_at, null);
    assert.equal((await through(BRIDGE, second).create()).status, 201, 'what sweeps, sweeps now');
    assert.equal((await fetchToken(second, unused.body)).status, 200);
    assert.equal(storedClients(second).length, 3);
  } finally {
    await second.stop();
  }
});
