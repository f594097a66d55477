/**
 * The store goes away in the middle of an act at a provider. What this process alone knows then, it keeps and
 * stores later; and what it can't know, it finds out before it goes on.
 */
import assert from 'node:assert/strict';
import { publicIdOf } from '../../../src/clients/client-record.ts';
import { StoreUnavailable } from '../../../src/lib/store-unavailable.ts';
import { createClient } from '../../../src/registration/create.ts';
import { deleteClient } from '../../../src/registration/delete.ts';
import { readClient } from '../../../src/registration/read.ts';
import { updateClient } from '../../../src/registration/update.ts';
import { createUnfinished } from '../../../src/registration/upstream/unfinished.ts';
import { refused } from '../support.ts';
import { agree, fails, storeStory, type UpstreamWorld, upstreamAct, withKey } from './support.ts';

async function registered(world: UpstreamWorld): Promise<string> {
  const { client } = await createClient(world, upstreamAct(), { client_name: 'first' });
  world.idp.calls.length = 0;
  return publicIdOf(client);
}

const rename = (world: UpstreamWorld, id: string, client_name = 'second') =>
  updateClient(world, upstreamAct(), id, { client_name });

storeStory('an intent that was stored unseen is ended, and nothing was sent', async (world, store) => {
  store.next('intents.begin', 'lost');
  await assert.rejects(createClient(world, upstreamAct(), {}), StoreUnavailable);
  assert.equal((await world.open()).length, 1);
  await world.recover();
  assert.deepEqual(world.idp.calls, []);
  await agree(world, 0);
});

storeStory('a refusal of the provider that could not be stored is stored later', async (world, store) => {
  world.idp.trouble('register', 'refused');
  store.next('intents.finish', 'away');
  await fails('not_done', createClient(world, upstreamAct(), {}));
  await world.recover();
  await agree(world, 0);
});

storeStory('F-07: a registration that could not be stored is taken back', async (world, store) => {
  store.next('clients.create', 'away');
  await assert.rejects(createClient(world, upstreamAct(), {}), StoreUnavailable);
  assert.equal(world.idp.held.size, 1);
  await world.recover();
  await agree(world, 0);
});

storeStory('F-07: a registration that was stored unseen is not taken back', async (world, store) => {
  store.next('clients.create', 'lost');
  await assert.rejects(createClient(world, upstreamAct(), {}), StoreUnavailable);
  await world.recover();
  assert.deepEqual(world.idp.calls, ['register']);
  await agree(world, 1);
});

storeStory(
  'R-07 a retry settles first what this process could not store, and is sent only then',
  async (world, store) => {
    store.next('clients.create', 'away');
    await assert.rejects(createClient(world, withKey('k'), {}), StoreUnavailable);
    world.passes(20);
    store.next('intents.read', 'away');
    await refused('idempotency_key_in_flight', createClient(world, withKey('k'), {}));
    assert.deepEqual(world.idp.calls, ['register']);
    await createClient(world, withKey('k'), {});
    await world.quiet();
    await agree(world, 1);
  },
);

storeStory(
  'a registration that was found is no attempt: one more may follow it',
  async (world, store) => {
    world.idp.trouble('register', 'lost');
    await fails('unknown', createClient(world, withKey('k'), {}));
    store.next('clients.create', 'away');
    // The process that takes it on ends there, and with it what it alone knows.
    const ending = { ...world, upstream: { ...world.upstream, unfinished: createUnfinished() } };
    await assert.rejects(createClient(ending, withKey('k'), {}), StoreUnavailable);
    world.idp.held.clear();
    world.passes(20);
    await createClient(world, withKey('k'), {});
    await agree(world, 1);
  },
  { searchable: true, findsSecrets: true },
);

for (const trouble of ['away', 'lost'] as const) {
  storeStory(
    `a registration that is too wide is taken back once, though the store did not say so (${trouble})`,
    async (world, store) => {
      world.idp.grants = () => ({ scope: 'admin' });
      store.next('intents.advance', trouble);
      await refused('upstream_not_acceptable', createClient(world, upstreamAct(), {}));
      await world.recover();
      world.passes(20);
      await world.recover();
      assert.deepEqual(world.idp.calls, ['register', 'remove']);
      await agree(world, 0);
    },
  );
}

storeStory('an update whose intent was stored unseen is in nobody’s way', async (world, store) => {
  const id = await registered(world);
  store.next('intents.begin', 'lost');
  await assert.rejects(rename(world, id), StoreUnavailable);
  await world.recover();
  await rename(world, id, 'third');
  assert.deepEqual(world.idp.calls, ['update']);
  await agree(world, 1);
});

storeStory(
  'S-UP-03 a token that could not be stored is kept until it is',
  async (world, store) => {
    const id = await registered(world);
    store.next('clients.replace', 'away', 'away');
    await assert.rejects(rename(world, id), StoreUnavailable);
    for (const _ of [1, 2]) await world.recover();
    assert.equal((await readClient(world, upstreamAct(), id)).metadata.client_name, 'second');
    await rename(world, id, 'third');
    assert.deepEqual(world.idp.calls, ['update', 'update']);
    await agree(world, 1);
  },
  { rotates: true },
);

storeStory('an update that came to nothing is ended when the store is back', async (world, store) => {
  const id = await registered(world);
  world.idp.trouble('update', 'refused');
  store.next('intents.finish', 'away');
  await fails('not_done', rename(world, id));
  await world.recover();
  assert.deepEqual(world.idp.calls, ['update']);
  await agree(world, 1);
});

storeStory(
  'S-MGT-20 a delete that is done on both sides is answered, stored or not',
  async (world, store) => {
    const id = await registered(world);
    store.next('intents.finish', 'away');
    assert.equal(await deleteClient(world, upstreamAct(), id), 'deleting');
    world.passes(60);
    await world.recover();
    await agree(world, 0);
  },
);

storeStory(
  'a delete that recovery did, unseen by the store, is known by the refused token',
  async (world, store) => {
    const id = await registered(world);
    world.idp.trouble('remove', 'refused');
    assert.equal(await deleteClient(world, upstreamAct(), id), 'deleting');
    world.passes(60);
    store.next('intents.finish', 'away');
    await assert.rejects(world.recover(), StoreUnavailable);
    assert.equal(world.idp.held.size, 0);
    world.passes(60);
    await world.recover();
    await agree(world, 0);
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['settled'],
    );
  },
);
