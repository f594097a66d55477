import assert from 'node:assert/strict';
import { publicIdOf } from '../../../src/clients/client-record.ts';
import { TOMBSTONE_SECONDS } from '../../../src/clients/client-store.ts';
import { removeClient } from '../../../src/registration/administer.ts';
import { createClient } from '../../../src/registration/create.ts';
import { deleteClient } from '../../../src/registration/delete.ts';
import { readClient } from '../../../src/registration/read.ts';
import { ACME, NOW, OTHER, refused } from '../support.ts';
import { agree, PROVIDER, story, type UpstreamWorld, upstreamAct } from './support.ts';

async function registered(world: UpstreamWorld): Promise<string> {
  const { client } = await createClient(world, upstreamAct(), { client_name: 'first' });
  world.idp.calls.length = 0;
  return publicIdOf(client);
}

const remove = (world: UpstreamWorld, id: string, changes = {}) =>
  deleteClient(world, upstreamAct(changes), id);

story('a delete removes the client on both sides; a repeated one is answered alike', async (world) => {
  const id = await registered(world);
  await refused('client_unknown', remove(world, id, { portal: OTHER }));
  assert.equal(await remove(world, id), 'deleted');
  await refused('client_unknown', readClient(world, upstreamAct(), id));
  assert.equal(await remove(world, id), 'deleted');
  assert.deepEqual(world.idp.calls, ['remove']);
  await agree(world, 0);
  await refused('client_unknown', remove(world, 'no-such'));
});

story(
  'S-MGT-20 while the provider is away a delete is done here, visible, and goes on for ever',
  async (world) => {
    const id = await registered(world);
    world.idp.trouble('remove', ...Array.from({ length: 300 }, () => 'away' as const));
    assert.equal(await remove(world, id), 'deleting');
    await refused('client_unknown', readClient(world, upstreamAct(), id));
    let hours = 0;
    for (; hours < 30; hours += 1) {
      assert.equal(await remove(world, id), 'deleting', `after ${hours} h`);
      await refused('client_unknown', remove(world, id, { portal: OTHER }));
      for (let tries = 0; tries < 6; tries += 1) {
        world.passes(600);
        await world.recover();
      }
    }
    assert.ok(hours * 3600 > TOMBSTONE_SECONDS);
    world.idp.trouble('remove');
    world.passes(600);
    await world.recover();
    await agree(world, 0);
    await refused('client_unknown', remove(world, id, { nowSeconds: NOW + hours * 3600 }));
  },
);

story('a delete whose answer was lost is done when the provider knows the token no more', async (world) => {
  const id = await registered(world);
  world.idp.trouble('remove', 'lost');
  assert.equal(await remove(world, id), 'deleting');
  assert.equal(world.idp.held.size, 0);
  world.passes(60);
  await world.recover();
  assert.equal(await remove(world, id), 'deleted');
  await agree(world, 0);
  assert.deepEqual(
    world.events.map(({ type }) => type),
    ['settled'],
  );
});

story(
  'S-UP-08 a credential that is refused at the first attempt removes nothing, and is told once',
  async (world) => {
    const id = await registered(world);
    const held = world.idp.held.get(id);
    assert.ok(held);
    const { token } = held;
    held.token = 'revoked for now';
    assert.equal(await remove(world, id), 'unmanageable');
    assert.equal(await remove(world, id), 'unmanageable');
    world.passes(3600);
    await world.recover();
    assert.equal(world.idp.held.size, 1);
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['unmanageable'],
    );
    held.token = token;
    world.passes(3600);
    await world.recover();
    await agree(world, 0);
  },
);

story(
  'a client of a provider without RFC 7592 is deleted here, and a person is told what is there',
  async (world) => {
    const id = await registered(world);
    assert.equal(await remove(world, id), 'unmanageable');
    await refused('client_unknown', readClient(world, upstreamAct(), id));
    assert.deepEqual(world.idp.calls, []);
    const [intent] = await world.open();
    assert.deepEqual([intent?.state, intent?.upstream?.client_id], ['unmanageable', id]);
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['unmanageable'],
    );
  },
  { unmanaged: true },
);

story('an operator deletes it here at once, and recovery removes it at the provider', async (world) => {
  await registered(world);
  const [client] = (
    await world.clients.list({
      ...{ portal: ACME, provider: PROVIDER, state: undefined, labels: [], after: undefined },
      limit: 1,
    })
  ).clients;
  assert.ok(client);
  assert.equal(await removeClient(world, client.client_id, NOW), true);
  assert.equal(await removeClient(world, client.client_id, NOW), false);
  assert.equal(world.idp.held.size, 1);
  world.passes(60);
  await world.recover();
  await agree(world, 0);
});
