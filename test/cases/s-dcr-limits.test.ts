/** S-DCR-26: one portal can fill neither the store nor the time of the service. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fetchToken, send } from '../support/bridge.ts';
import { refuses } from '../support/unwritten.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { DIALECTS, through } from './support/dialects.ts';
import { storedClients } from './support/stored.ts';

const [first = assert.fail()] = DIALECTS;

let bridge: CaseBridge;
before(async () => {
  bridge = await startBridge({
    portals: {
      slow: { calls_per_minute: 5 },
      ...Object.fromEntries(
        DIALECTS.flatMap((_, index) => [
          [`small${index}`, { max_clients: 3 }],
          [`slow${index}`, { calls_per_minute: 5 }],
        ]),
      ),
    },
  });
});
after(async () => {
  await bridge.service.stop();
});

for (const [index, dialect] of DIALECTS.entries()) {
  test(`S-DCR-26 beyond its quota a portal registers nothing, and no client makes room (${dialect.name})`, async () => {
    const { service } = bridge;
    const small = through(dialect, service, await bridge.addPortal(`small${index}`));
    const made = [await small.create(), await small.create(), await small.create()];
    const full = { status: 403, error: 'quota_exceeded', says: /delete some/ };
    for (let again = 0; again < 5; again += 1) await refuses(service, full, () => small.create());
    for (const { body } of made)
      assert.equal((await fetchToken(service, body)).status, 200, 'none was evicted');
    assert.equal((await small.delete(made[1]?.body.client_id)).status, 204);
    assert.equal((await small.create()).status, 201);
    await refuses(service, full, () => small.create());
    const neighbour = through(dialect, service);
    assert.equal((await neighbour.create()).status, 201, 'the quota is the portal’s own');
  });

  test(`S-DCR-26 beyond its rate a key is told when to come back, and nothing is done (${dialect.name})`, async () => {
    const { service } = bridge;
    const slow = through(dialect, service, await bridge.addPortal(`slow${index}`));
    const made = await slow.create();
    for (let call = 0; call < 4; call += 1) assert.notEqual((await slow.rotate('cl_x')).status, 429);
    const limited = { status: 429, error: 'too_many_requests', headers: { 'retry-after': /^[1-9]\d?$/ } };
    await refuses(service, limited, () => slow.create());
    await refuses(service, limited, () => slow.delete(made.body.client_id));
    assert.equal((await fetchToken(service, made.body)).status, 200, 'machines are not the portal');
    assert.equal((await through(dialect, service).create()).status, 201, 'the limit is the key’s own');
  });
}

test('S-DCR-26 a key has one budget, not one for each dialect or listener', async () => {
  const { service } = bridge;
  const key = await bridge.addPortal('slow');
  const calls = DIALECTS.map((dialect) => through(dialect, service, key));
  for (const { create } of calls) assert.equal((await create()).status, 201);
  assert.equal((await calls[0]?.create())?.status, 201);
  const limited = { status: 429, error: 'too_many_requests', headers: { 'retry-after': /^[1-9]\d?$/ } };
  for (const { create } of calls) await refuses(service, limited, create);
});

test('S-DCR-26 of a hundred creates at once only as many pass as the quota has room for', async () => {
  const { service } = bridge;
  const key = await bridge.addPortal('small');
  const answers = await Promise.all(Array.from({ length: 100 }, () => through(first, service, key).create()));
  assert.equal(answers.filter(({ status }) => status === 201).length, 3);
  assert.equal(answers.filter(({ status }) => status === 403).length, 97);
  assert.equal(storedClients(service).filter(({ portal }) => portal === 'small').length, 3);
});

test('S-DCR-26 beyond the cap of the service no portal registers anything, and the numbers are to be seen', async () => {
  const capped = await startBridge({
    env: { MAX_CLIENTS: '4' },
    portals: { small: { max_clients: 3 } },
  });
  try {
    const { service } = capped;
    const small = through(first, service, await capped.addPortal('small'));
    const test = through(first, service);
    const made = [await small.create(), await small.create(), await test.create(), await test.create()];
    for (const { status } of made) assert.equal(status, 201);
    const full = { status: 403, error: 'quota_exceeded', says: /over all portals/ };
    for (const dialect of DIALECTS) await refuses(service, full, () => through(dialect, service).create());
    await refuses(service, full, () => small.create());
    for (const { body } of made)
      assert.equal((await fetchToken(service, body)).status, 200, 'none was evicted');
    const told = async () =>
      (await send(`${service.opsUrl}/metrics`)).text
        .split('\n')
        .filter((line) => /^dcr_bridge_clients?(?!_cache)/.test(line))
        .sort();
    assert.deepEqual(await told(), [
      'dcr_bridge_client_cap 4',
      'dcr_bridge_client_quota{portal="small"} 3',
      'dcr_bridge_client_quota{portal="test"} 1000000',
      'dcr_bridge_clients_in_all 4',
      'dcr_bridge_clients{portal="small"} 2',
      'dcr_bridge_clients{portal="test"} 2',
    ]);
    assert.equal((await test.delete(made[3]?.body.client_id)).status, 204);
    assert.equal((await small.create()).status, 201, 'room is for whoever comes first');
    await refuses(service, { ...full, says: /This portal has/ }, () => small.create());
    assert.ok((await told()).includes('dcr_bridge_clients{portal="small"} 3'));
  } finally {
    await capped.service.stop();
  }
});
