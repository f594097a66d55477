import assert from 'node:assert/strict';
import { type ClientRecord, publicIdOf } from '../../../src/clients/client-record.ts';
import { createClient } from '../../../src/registration/create.ts';
import { readClient } from '../../../src/registration/read.ts';
import { updateClient } from '../../../src/registration/update.ts';
import { look } from '../../../src/registration/upstream/look.ts';
import {
  acceptTheirs,
  letGo,
  pushOurs,
  removeSpares,
} from '../../../src/registration/upstream/settle-drift.ts';
import { UpstreamFailure } from '../../../src/registration/upstream.ts';
import { refused } from '../support.ts';
import { agree, fails, story, type UpstreamWorld, upstreamAct } from './support.ts';

async function registered(world: UpstreamWorld): Promise<ClientRecord> {
  const { client } = await createClient(world, upstreamAct(), { client_name: 'first', scope: 'read' });
  world.idp.calls.length = 0;
  return client;
}

/** To whoever reads. */
function answers(world: UpstreamWorld, status: number): void {
  world.idp.meanwhile = async (operation) => {
    if (operation === 'read') throw new UpstreamFailure('upstream_refused', 'not_done', { status });
  };
}

/** As stored now; and what is there of it. */
const here = (world: UpstreamWorld, { client_id }: ClientRecord) =>
  world.clients.read(client_id).then((client) => client ?? assert.fail('it is gone here'));
const there = ({ idp }: UpstreamWorld, client: ClientRecord) =>
  idp.held.get(publicIdOf(client)) ?? assert.fail('it is gone there');

story('a client that is there as it is here is no drift, and nothing of it changes', async (world) => {
  const client = await registered(world);
  const found = await look(world, client);
  assert.deepEqual([found.state, found.differing, found.spares], ['as_here', [], []]);
  assert.deepEqual((await here(world, client)).metadata, client.metadata);
  assert.deepEqual(world.idp.calls, ['read']);
  await agree(world, 1);
});

story(
  'the token that each look replaces is stored: a look, another, and a change of the portal',
  async (world) => {
    const client = await registered(world);
    for (let looks = 0; looks < 3; looks += 1)
      assert.equal((await look(world, await here(world, client))).state, 'as_here');
    await updateClient(world, upstreamAct(), publicIdOf(client), { client_name: 'second' });
    await agree(world, 1);
  },
  { rotates: true },
);

for (const searchable of [true, false]) {
  story(
    `S-UP-07 a client deleted there is found, ${searchable ? 'for sure' : 'as far as can be known'}; only let-go ends it here`,
    async (world) => {
      const client = await registered(world);
      world.idp.held.clear();
      const found = await look(world, client);
      assert.equal(found.state, searchable ? 'absent' : 'refused');
      const drifted = await here(world, client);
      assert.equal(drifted.upstream?.drift, found.state);
      assert.deepEqual(
        (await readClient(world, upstreamAct(), publicIdOf(client))).metadata,
        client.metadata,
        'its portal reads what we hold',
      );
      if (!searchable) assert.equal(await letGo(world, drifted, false), 'wider');
      assert.equal(await letGo(world, drifted, !searchable), 'settled');
      assert.ok(!world.idp.calls.includes('remove'));
      await agree(world, 0);
    },
    { searchable },
  );
}

story('S-UP-08 a refused credential deletes nothing here, whoever is asked', async (world) => {
  const client = await registered(world);
  const { token } = there(world, client);
  there(world, client).token = 'replaced by somebody else';
  assert.equal((await look(world, client)).state, 'refused');
  const act = updateClient(world, upstreamAct(), publicIdOf(client), { client_name: 'second' });
  await fails('not_done', act);
  await world.quiet();
  assert.equal((await here(world, client)).metadata.client_name, 'first');
  assert.equal((await world.open())[0]?.state, 'unmanageable');
  there(world, client).token = token;
  world.passes(3600);
  await world.recover();
  await agree(world, 1);
});

for (const status of [404, 410]) {
  story(`a client that the provider answers ${status} for is absent`, async (world) => {
    const client = await registered(world);
    answers(world, status);
    assert.equal((await look(world, client)).state, 'absent');
  });
}

story(
  'a client that a search finds is not absent, whatever its own address answers',
  async (world) => {
    const client = await registered(world);
    answers(world, 404);
    assert.equal((await look(world, client)).state, 'unread');
    assert.equal((await here(world, client)).upstream?.drift, undefined);
  },
  { searchable: true },
);

story('what is no answer of the provider is not taken for one', async (world) => {
  const client = await registered(world);
  world.idp.meanwhile = async () => {
    throw new TypeError('a mistake of ours');
  };
  await assert.rejects(look(world, client), /a mistake of ours/);
  await agree(world, 1);
});

story(
  'a provider that can not be managed is not looked at, and nothing is settled there',
  async (world) => {
    const client = await registered(world);
    assert.deepEqual(await look(world, client).then(({ state, why }) => [state, why]), [
      'unread',
      'client_unmanageable',
    ]);
    await refused('client_unmanageable', pushOurs(world, client));
    assert.deepEqual(world.idp.calls, []);
    assert.deepEqual(await world.open(), []);
  },
  { unmanaged: true },
);

story('a provider that is away says nothing about the client', async (world) => {
  const client = await registered(world);
  world.idp.trouble('read', 'away');
  const found = await look(world, client);
  assert.deepEqual([found.state, found.why], ['unread', 'upstream_timeout']);
  assert.equal((await here(world, client)).upstream?.drift, undefined);
  await agree(world, 1);
});

story('a client that is being changed is left alone', async (world) => {
  const client = await registered(world);
  let during: readonly string[] = [];
  world.idp.meanwhile = async (operation) => {
    if (operation === 'update') during = [(await look(world, client)).state, await pushOurs(world, client)];
  };
  await updateClient(world, upstreamAct(), publicIdOf(client), { client_name: 'second' });
  assert.deepEqual(during, ['busy', 'busy']);
  assert.deepEqual(world.idp.calls, ['update']);
});

story('other metadata there is named, and taken over or put back as the operator says', async (world) => {
  const client = await registered(world);
  there(world, client).metadata = { client_name: 'renamed there', scope: 'read' };
  const found = await look(world, client);
  assert.deepEqual([found.state, found.differing, found.wider], ['differs', ['client_name'], []]);
  assert.equal((await here(world, client)).metadata.client_name, 'first', 'a look takes nothing over');
  assert.equal((await here(world, client)).upstream?.drift, 'differs');
  assert.equal(await pushOurs(world, await here(world, client)), 'settled');
  assert.equal(there(world, client).metadata.client_name, 'first');
  there(world, client).metadata = { client_name: 'renamed there', scope: 'read' };
  assert.equal(await acceptTheirs(world, await here(world, client), false), 'settled');
  const accepted = await here(world, client);
  assert.deepEqual(accepted.metadata, { ...client.metadata, client_name: 'renamed there' });
  assert.equal(accepted.upstream?.drift, undefined);
  await agree(world, 1);
});

story('S-UP-04 what is wider there is taken over only at the operator’s insistence', async (world) => {
  const client = await registered(world);
  there(world, client).metadata = { scope: 'read admin' };
  assert.deepEqual((await look(world, client)).wider, ['scope']);
  assert.equal(await acceptTheirs(world, await here(world, client), false), 'wider');
  assert.equal((await here(world, client)).metadata.scope, 'read');
  assert.equal(await acceptTheirs(world, await here(world, client), true), 'settled');
  assert.equal((await here(world, client)).metadata.scope, 'read admin');
});

story(
  'S-UP-04 a push that is granted wider is not taken over, and one that is refused leaves nothing',
  async (world) => {
    const client = await registered(world);
    world.idp.grants = () => ({ scope: 'read admin' });
    assert.equal(await pushOurs(world, client), 'wider');
    assert.deepEqual((await here(world, client)).metadata, client.metadata);
    world.idp.trouble('update', 'refused');
    await fails('not_done', pushOurs(world, await here(world, client)));
    await agree(world, 1);
  },
);

story('a client that can do without a secret there stays on the list, taken over or not', async (world) => {
  const client = await registered(world);
  there(world, client).metadata = { token_endpoint_auth_method: 'none' };
  assert.equal(await acceptTheirs(world, client, true), 'settled');
  there(world, client).metadata = {};
  const found = await look(world, await here(world, client));
  assert.deepEqual(
    [found.state, found.differing, found.wider],
    ['differs', [], ['token_endpoint_auth_method']],
  );
});

story('what was let go can not be let go again', async (world) => {
  const client = await registered(world);
  world.idp.held.clear();
  assert.equal(await letGo(world, client, true), 'settled');
  assert.equal(await letGo(world, client, true), 'gone');
});

story('the order of scopes and of redirect URIs is no difference', async (world) => {
  const redirect_uris = ['https://client.example/a', 'https://client.example/b'];
  const { client } = await createClient(world, upstreamAct(), { scope: 'read write', redirect_uris });
  there(world, client).metadata = { scope: 'write  read', redirect_uris: redirect_uris.toReversed() };
  assert.equal((await look(world, client)).state, 'as_here');
});

story('a push whose answer was lost is found out about by recovery', async (world) => {
  const client = await registered(world);
  there(world, client).metadata = { client_name: 'renamed there' };
  world.idp.trouble('update', 'lost');
  await assert.rejects(pushOurs(world, client), UpstreamFailure);
  assert.equal((await world.open()).length, 1);
  world.passes(60);
  await world.recover();
  assert.equal(there(world, client).metadata.client_name, 'first');
  await agree(world, 1);
});

story(
  'a spare under the marker of a client is named, and removed at the operator’s word alone',
  async (world) => {
    const client = await registered(world);
    const marker = client.upstream?.marker ?? '';
    const spare = await world.idp.register(client.metadata, marker);
    const found = await look(world, client);
    assert.deepEqual([found.state, found.spares], ['as_here', [spare.client_id]]);
    assert.equal(world.idp.held.size, 2);
    assert.equal(await removeSpares(world, client), 1);
    await agree(world, 1);
  },
  { searchable: true },
);
