/**
 * Answers that come when somebody else has gone on: a call that took longer than its intent was its own, two
 * that recover at once, an operator in between. Whoever advanced the intent first has it.
 */
import assert from 'node:assert/strict';
import { type ClientRecord, publicIdOf } from '../../../src/clients/client-record.ts';
import { setClientState } from '../../../src/registration/administer.ts';
import { createClient } from '../../../src/registration/create.ts';
import { deleteClient } from '../../../src/registration/delete.ts';
import type { Intent } from '../../../src/registration/intent.ts';
import { readClient } from '../../../src/registration/read.ts';
import { updateClient } from '../../../src/registration/update.ts';
import { look } from '../../../src/registration/upstream/look.ts';
import { leaveRecovery, recover } from '../../../src/registration/upstream/recover.ts';
import { eventually } from '../../support/eventually.ts';
import { NOW, refused } from '../support.ts';
import { agree, fails, story, type UpstreamWorld, upstreamAct, withKey } from './support.ts';

async function registered(world: UpstreamWorld): Promise<{ client: ClientRecord; id: string }> {
  const { client } = await createClient(world, upstreamAct(), { client_name: 'first' });
  world.idp.calls.length = 0;
  return { client, id: publicIdOf(client) };
}

/** Before the provider does what it is asked, the first time it is asked for that. */
function meanwhile(world: UpstreamWorld, operation: string, act: () => Promise<unknown>): void {
  world.idp.meanwhile = async (called) => {
    if (called !== operation) return;
    world.idp.meanwhile = async () => {};
    await act();
  };
}

story(
  'a registration that recovery gave up meanwhile is taken back, by an intent of its own',
  async (world) => {
    meanwhile(world, 'register', async () => {
      world.passes(60);
      await world.recover();
    });
    world.idp.trouble('remove', 'away');
    await refused('client_conflict', createClient(world, upstreamAct(), {}));
    await world.quiet();
    const kinds = async () => (await world.open()).map(({ kind, state }) => `${kind} ${state}`).sort();
    assert.deepEqual(await kinds(), ['create unknown', 'delete started']);
    world.passes(60);
    await world.recover();
    assert.equal(world.idp.held.size, 0);
    assert.deepEqual(await kinds(), ['create unknown']);
  },
);

story(
  'R-07 a registration that a retry overtook is taken back, and both hear of the same client',
  async (world) => {
    let second: Promise<unknown> = Promise.resolve();
    meanwhile(world, 'register', async () => {
      world.passes(20);
      second = createClient(world, withKey('k'), {});
      await second;
    });
    const first = await createClient(world, withKey('k'), {});
    assert.deepEqual(first, await second);
    await world.quiet();
    assert.deepEqual(world.idp.calls, ['register', 'find', 'register', 'remove']);
    await agree(world, 1);
  },
  { searchable: true },
);

story('a retry under way is nobody’s to recover', async (world) => {
  world.idp.trouble('register', 'away');
  await fails('unknown', createClient(world, withKey('k'), {}));
  meanwhile(world, 'register', () => world.recover());
  await createClient(world, withKey('k'), {});
  assert.equal(world.idp.held.size, 1);
});

story(
  'a retry at a provider whose search is slow is told to come again: not two slow calls in one request',
  async (world) => {
    world.idp.trouble('register', 'away');
    await fails('unknown', createClient(world, withKey('k'), {}));
    meanwhile(world, 'find', async () => world.passes(2));
    await refused('idempotency_key_in_flight', createClient(world, withKey('k'), {}));
    assert.deepEqual(world.idp.calls, ['register', 'find']);
    await createClient(world, withKey('k'), {});
    await agree(world, 1);
  },
  { searchable: true },
);

story('an update of a client that was deleted meanwhile brings nothing back', async (world) => {
  const { id } = await registered(world);
  meanwhile(world, 'update', async () => {
    world.passes(20);
    world.idp.trouble('remove', 'away');
    assert.equal(await deleteClient(world, upstreamAct(), id), 'deleting');
  });
  await refused('client_unknown', updateClient(world, upstreamAct(), id, { client_name: 'second' }));
  await refused('client_unknown', readClient(world, upstreamAct(), id));
  world.passes(60);
  await world.recover();
  await agree(world, 0);
});

story('an answer that came after recovery had settled it is stored all the same', async (world) => {
  const { id } = await registered(world);
  meanwhile(world, 'update', async () => {
    world.passes(60);
    await world.recover();
  });
  await updateClient(world, upstreamAct(), id, { client_name: 'second' });
  await updateClient(world, upstreamAct(), id, { client_name: 'third' });
  assert.deepEqual(world.idp.calls, ['update', 'read', 'update']);
  await agree(world, 1);
});

for (const operation of ['update', 'remove'] as const) {
  story(`two that recover one ${operation} at once ask the provider once`, async (world) => {
    const { id } = await registered(world);
    world.idp.trouble(operation, 'away');
    world.idp.trouble('read', 'away');
    if (operation === 'remove') await deleteClient(world, upstreamAct(), id);
    else await fails('unknown', updateClient(world, upstreamAct(), id, { client_name: 'second' }));
    await world.quiet();
    world.passes(3600);
    world.idp.calls.length = 0;
    await Promise.all([world.recover(), world.recover()]);
    assert.deepEqual(world.idp.calls, [operation === 'remove' ? 'remove' : 'read']);
    await agree(world, operation === 'remove' ? 0 : 1);
  });
}

story('one node recovers at a time, and the next as soon as that one leaves', async (world) => {
  const { id } = await registered(world);
  const { leases } = world.store;
  await world.recover();
  world.idp.trouble('remove', 'away');
  await deleteClient(world, upstreamAct(), id);
  world.passes(60);
  await recover(world, { leases, holder: 'another node' });
  assert.equal(world.idp.held.size, 1);
  await leaveRecovery({ leases, holder: 'test' });
  await recover(world, { leases, holder: 'another node' });
  await agree(world, 0);
});

story('S-UP-06 a provider that hangs keeps no other’s intents waiting', async (world) => {
  const { id } = await registered(world);
  world.idp.trouble('remove', 'away');
  await deleteClient(world, upstreamAct(), id);
  const { promise: found, resolve: answer } = Promise.withResolvers<[]>();
  const hanging = { ...world.idp, searchable: true, find: () => found };
  const providers = new Map([...world.upstream.providers, ['hanging', hanging]]);
  const [intent] = await world.open();
  assert.ok(intent);
  const { portal, started_at } = intent;
  const first: Intent = {
    ...{ op_id: 'op_hanging', version: 1, kind: 'create', portal, provider: 'hanging' },
    ...{ state: 'unknown', started_at, attempts: 1, next_attempt_at: NOW },
  };
  assert.equal(await world.store.intents.begin(first, { maxClients: 9, maxClientsInAll: 9 }), 'begun');
  world.passes((intent.next_attempt_at ?? NOW) - NOW);
  const { leases } = world.store;
  const recovery = recover(
    { ...world, upstream: { ...world.upstream, providers } },
    { leases, holder: 'test' },
  );
  await eventually(async () => assert.equal(world.idp.held.size, 0), 5000);
  answer([]);
  await recovery;
});

story('S-MGT-05 what the operator does to a client while it is looked at stays', async (world) => {
  const { client } = await registered(world);
  world.idp.held.clear();
  meanwhile(world, 'read', () => setClientState(world.clients, client.client_id, 'disabled', NOW));
  await look(world, client);
  assert.equal((await world.clients.read(client.client_id))?.state, 'disabled');
});
