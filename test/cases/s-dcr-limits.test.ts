/** S-DCR-26: one portal can fill neither the store nor the time of the service. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fetchToken } from '../support/bridge.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { DIALECTS, through } from './support/dialects.ts';
import { refuses, storedClients } from './support/stored.ts';

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
