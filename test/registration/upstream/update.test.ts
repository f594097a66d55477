import assert from 'node:assert/strict';
import { type ClientRecord, publicIdOf } from '../../../src/clients/client-record.ts';
import { applyEvent } from '../../../src/registration/apply-event.ts';
import { createClient } from '../../../src/registration/create.ts';
import { deleteClient } from '../../../src/registration/delete.ts';
import { readClient } from '../../../src/registration/read.ts';
import { rotateSecret } from '../../../src/registration/rotate-secret.ts';
import { addSecret, deleteSecret } from '../../../src/registration/secrets.ts';
import { replaceClient, updateClient } from '../../../src/registration/update.ts';
import { secretOf } from '../../../src/registration/upstream/binding.ts';
import { UpstreamFailure } from '../../../src/registration/upstream.ts';
import { NOW, OTHER, refused } from '../support.ts';
import { SECRET_EXPIRES_AT } from './scripted-upstream.ts';
import { agree, fails, PROVIDER, story, type UpstreamWorld, upstreamAct, withKey } from './support.ts';

async function registered(world: UpstreamWorld): Promise<{ client: ClientRecord; id: string }> {
  const { client } = await createClient(world, upstreamAct(), { client_name: 'first', scope: 'read' });
  world.idp.calls.length = 0;
  return { client, id: publicIdOf(client) };
}

async function update(world: UpstreamWorld, id: string, client_name = 'second'): Promise<ClientRecord> {
  return (await updateClient(world, upstreamAct(), id, { client_name })).client;
}

function heldOf({ idp }: UpstreamWorld, id: string) {
  const held = idp.held.get(id);
  assert.ok(held);
  return held;
}

/** Here, and there. */
async function names({ idp, ...world }: UpstreamWorld, id: string) {
  const { metadata } = await readClient(world, upstreamAct(), id);
  return [metadata.client_name, idp.held.get(id)?.metadata.client_name];
}

story('an update is made there, and what was granted is stored here', async (world) => {
  const { client, id } = await registered(world);
  world.idp.grants = ({ client_name = '' }) => ({ client_name: `${client_name}!` });
  const updated = await update(world, id);
  assert.deepEqual(updated.metadata, { ...client.metadata, client_name: 'second!' });
  assert.deepEqual(await names(world, id), ['second!', 'second!']);
  await agree(world, 1);
});

story('a secret that the provider states again with an update is not shown again', async (world) => {
  const { id } = await registered(world);
  for (const client_name of ['second', 'third']) {
    const { clientSecret } = await updateClient(world, upstreamAct(), id, { client_name });
    assert.equal(clientSecret, undefined);
  }
  const { upstream } = await readClient(world, upstreamAct(), id);
  assert.ok(upstream);
  assert.equal(secretOf(world.upstream, PROVIDER, upstream), undefined, 'nor kept');
});

story(
  'a secret that the provider replaced reaches the portal, also when one answer was lost',
  async (world) => {
    const { id } = await registered(world);
    const held = heldOf(world, id);
    world.idp.held.set(id, { ...held, client_secret: 'another' });
    world.idp.trouble('update', 'lost');
    await fails('unknown', update(world, id));
    await world.recover();
    for (const client_name of ['third', 'fourth']) {
      const { clientSecret } = await updateClient(world, upstreamAct(), id, { client_name });
      assert.equal(clientSecret, 'another');
    }
  },
);

story('the whole document that results is judged before anything is sent', async (world) => {
  const { id } = await registered(world);
  await refused('metadata_invalid', updateClient(world, upstreamAct(), id, { scope: 'admin' }));
  await refused('client_unknown', update(world, 'no-such'));
  await refused('client_unknown', updateClient(world, upstreamAct({ portal: OTHER }), id, {}));
  const foreign = replaceClient(world, upstreamAct(), id, { client_id: 'another' });
  await refused('metadata_invalid', foreign);
  await replaceClient(world, upstreamAct(), id, { client_id: id, client_secret: 'its own' });
  assert.deepEqual(world.idp.calls, ['update']);
});

story(
  'S-MGT-22 a token that every answer replaces is followed through many updates and a delete',
  async (world) => {
    const { id } = await registered(world);
    for (const name of ['a', 'b', 'c']) await update(world, id, name);
    assert.deepEqual(await names(world, id), ['c', 'c']);
    assert.equal(await deleteClient(world, upstreamAct(), id), 'deleted');
    await agree(world, 0);
  },
  { rotates: true },
);

story(
  'two updates at once are made one after the other',
  async (world) => {
    const { id } = await registered(world);
    const labels = [{ a: '1' }, { b: '2' }];
    const bodies = [{ client_name: 'second' }, { description: 'both stay' }, { labels: labels[0] }];
    await Promise.all(bodies.map((body) => updateClient(world, upstreamAct(), id, body)));
    const { metadata } = await readClient(world, upstreamAct(), id);
    assert.deepEqual(
      [metadata.client_name, metadata.description, metadata.labels],
      ['second', 'both stay', labels[0]],
    );
    await agree(world, 1);
  },
  { rotates: true },
);

story('an update that waits too long for another is told so', async (world) => {
  const { id } = await registered(world);
  let release = () => {};
  world.idp.meanwhile = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  const first = update(world, id);
  await refused('client_busy', update(world, id, 'third'));
  await refused('client_busy', deleteClient(world, upstreamAct(), id));
  release();
  await first;
  assert.deepEqual(await names(world, id), ['second', 'second']);
});

story('an update that the provider refuses changes nothing', async (world) => {
  const { id, client } = await registered(world);
  world.idp.trouble('update', 'refused');
  await fails('not_done', update(world, id));
  assert.deepEqual(await readClient(world, upstreamAct(), id), client);
  await agree(world, 1);
});

for (const trouble of ['lost', 'away'] as const) {
  story(
    `after an update whose answer did not come (${trouble}) the provider is asked what is there`,
    async (world) => {
      const { id } = await registered(world);
      world.idp.trouble('update', trouble);
      const body = { client_name: 'second', description: 'of which the provider tells nothing' };
      await fails('unknown', updateClient(world, upstreamAct(), id, body));
      await world.quiet();
      const name = trouble === 'lost' ? 'second' : 'first';
      assert.deepEqual(await names(world, id), [name, name]);
      const { description } = (await readClient(world, upstreamAct(), id)).metadata;
      assert.equal(description, trouble === 'lost' ? body.description : undefined);
      assert.deepEqual(world.idp.calls, ['update', 'read']);
      await agree(world, 1);
    },
  );
}

story(
  'S-UP-03 a replaced token whose answer was lost leaves a client that nobody manages: alarmed, and kept',
  async (world) => {
    const { id, client } = await registered(world);
    world.idp.trouble('update', 'lost');
    await fails('unknown', update(world, id));
    await world.quiet();
    for (const seconds of [60, 3600]) {
      world.passes(seconds);
      await world.recover();
    }
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['answer_lost', 'unmanageable'],
    );
    assert.deepEqual(await readClient(world, upstreamAct(), id), client, 'nothing was deleted (S-UP-08)');
    assert.equal(world.idp.held.size, 1);
    await refused('client_unmanageable', update(world, id));

    assert.equal(await deleteClient(world, upstreamAct(), id), 'unmanageable');
    await refused('client_unknown', readClient(world, upstreamAct(), id));
    assert.deepEqual(
      (await world.open()).map(({ kind, state }) => [kind, state]),
      [['delete', 'unmanageable']],
    );
  },
  { rotates: true },
);

story(
  'a client that is in trouble for long can be deleted, and one that is just tried again',
  async (world) => {
    const { id } = await registered(world);
    world.idp.trouble('update', 'away');
    world.idp.trouble('read', 'away');
    await fails('unknown', update(world, id));
    await world.quiet();
    assert.deepEqual(
      (await world.open()).map(({ kind, state }) => [kind, state]),
      [['update', 'unknown']],
    );
    assert.equal(await deleteClient(world, upstreamAct(), id), 'deleted');
    await agree(world, 0);

    const { id: other } = await registered(world);
    const held = world.idp.held.get(other);
    assert.ok(held);
    held.token = 'revoked';
    await fails('not_done', update(world, other));
    await world.quiet();
    const [intent] = await world.open();
    assert.equal(intent?.state, 'unmanageable');
    world.passes((intent?.next_attempt_at ?? 0) - NOW - 1);
    assert.equal(await deleteClient(world, upstreamAct(), other), 'unmanageable');
  },
);

story('a provider that fails, with an error of its own, has not refused the client', async (world) => {
  const { id } = await registered(world);
  world.idp.trouble('update', 'lost');
  world.idp.meanwhile = async (operation) => {
    if (operation === 'read') throw new UpstreamFailure('upstream_refused', 'unknown', { status: 503 });
  };
  await fails('unknown', update(world, id));
  await world.quiet();
  assert.deepEqual(
    (await world.open()).map(({ state }) => state),
    ['unknown'],
  );
  world.idp.meanwhile = async () => {};
  world.passes(3600);
  await world.recover();
  assert.deepEqual(
    world.events.map(({ type }) => type),
    ['answer_lost', 'settled'],
  );
  await agree(world, 1);
});

story('S-UP-08 a credential that is refused for a while is tried again, and works again', async (world) => {
  const { id } = await registered(world);
  const held = heldOf(world, id);
  const { token } = held;
  held.token = 'revoked for now';
  await fails('not_done', update(world, id));
  await world.quiet();
  assert.deepEqual(
    world.events.map(({ type }) => type),
    ['unmanageable'],
  );
  held.token = token;
  world.passes(3600);
  await world.recover();
  assert.deepEqual(await world.open(), []);
  await update(world, id);
  await agree(world, 1);
});

story(
  'a provider that answered with a new token and kept the old one is managed by that',
  async (world) => {
    const { id } = await registered(world);
    const held = heldOf(world, id);
    const { token } = held;
    await update(world, id);
    held.token = token;
    await fails('not_done', update(world, id, 'third'));
    await world.quiet();
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['settled'],
    );
    await update(world, id, 'fourth');
    assert.deepEqual(await names(world, id), ['fourth', 'fourth']);
  },
  { rotates: true },
);

story(
  'the token before the last is kept for as long as the last was not seen to work',
  async (world) => {
    const { id } = await registered(world);
    const held = heldOf(world, id);
    const { token } = held;
    await update(world, id);
    held.token = token;
    world.idp.terse = true;
    for (const name of ['third', 'fourth']) {
      await fails('not_done', update(world, id, name));
      await world.quiet();
      held.token = token;
    }
    assert.deepEqual(world.idp.calls.slice(1), ['update', 'read', 'read', 'update', 'read', 'read']);
    // A provider that is away has refused no token.
    world.idp.trouble('read', 'away');
    await fails('not_done', update(world, id, 'fifth'));
    await world.quiet();
    assert.deepEqual(world.idp.calls.slice(7), ['update', 'read']);
    world.idp.trouble('remove', 'away');
    world.passes(3600);
    await world.recover();
    held.token = token;
    world.idp.calls.length = 0;
    assert.equal(await deleteClient(world, upstreamAct(), id), 'deleting');
    assert.deepEqual(world.idp.calls, ['remove']);
    world.passes(60);
    await world.recover();
    assert.deepEqual(world.idp.calls, ['remove', 'remove', 'remove']);
    await agree(world, 0);
  },
  { rotates: true },
);

story(
  'answers that repeat neither token, nor address, nor secret leave what we hold of them',
  async (world) => {
    const { id } = await registered(world);
    world.idp.terse = true;
    await update(world, id);
    world.idp.trouble('update', 'lost');
    await fails('unknown', update(world, id, 'third'));
    await world.quiet();
    const { upstream } = await readClient(world, upstreamAct(), id);
    assert.equal(upstream?.client_secret_expires_at, SECRET_EXPIRES_AT);
    await update(world, id, 'fourth');
    assert.equal(await deleteClient(world, upstreamAct(), id), 'deleted');
    await agree(world, 0);
  },
);

story('S-UP-10 a client of another provider of that name is not touched', async (world) => {
  const { id, client } = await registered(world);
  const another = { ...world.idp, issuer: 'https://another.example' };
  const upstream = { ...world.upstream, providers: new Map([[PROVIDER, another]]) };
  await refused('client_unmanageable', updateClient({ ...world, upstream }, upstreamAct(), id, {}));
  assert.deepEqual(world.idp.calls, []);
  assert.deepEqual(await readClient(world, upstreamAct(), id), client);
  await agree(world, 1);
});

story(
  'S-UP-04 an update that is granted wider is put back, with the token that came with it',
  async (world) => {
    const { id, client } = await registered(world);
    const grants = world.idp.grants;
    let wide = true;
    world.idp.grants = (asked) => {
      const granted = wide ? { ...grants(asked), scope: 'read admin' } : grants(asked);
      wide = false;
      return granted;
    };
    const refusal = await refused('upstream_not_acceptable', update(world, id));
    assert.deepEqual(
      refusal.problems.map(({ path }) => path),
      ['scope'],
    );
    await world.quiet();
    assert.equal(world.idp.held.get(id)?.metadata.scope, 'read');
    assert.deepEqual((await readClient(world, upstreamAct(), id)).metadata, client.metadata);
    await agree(world, 1);
    await update(world, id);
  },
  { rotates: true },
);

story(
  'a provider that grants wider again and again is told of, and the client stays as it was here',
  async (world) => {
    const { id, client } = await registered(world);
    world.idp.grants = () => ({ scope: 'admin' });
    await refused('upstream_not_acceptable', update(world, id));
    await world.quiet();
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['unmanageable'],
    );
    assert.deepEqual((await readClient(world, upstreamAct(), id)).metadata, client.metadata);
  },
);

story('no secret of an upstream client is rotated, added or ended, whoever asks', async (world) => {
  const { id } = await registered(world);
  for (const each of [id, 'no-such']) {
    for (const by of [upstreamAct(), withKey('k')]) {
      await refused('rotation_unsupported', rotateSecret(world, by, each, undefined));
      await refused('rotation_unsupported', addSecret(world, by, each));
      await refused('rotation_unsupported', deleteSecret(world, by, each, 'sec_1'));
    }
  }
  assert.deepEqual(world.idp.calls, []);
});

story('a rename that a portal tells of is made there; access to an API means nothing here', async (world) => {
  const { id, client } = await registered(world);
  const access = { type: 'access_added', names: ['https://api.example.com'] } as const;
  assert.deepEqual(await applyEvent(world, upstreamAct(), id, access), client);
  assert.deepEqual(world.idp.calls, []);
  await applyEvent(world, upstreamAct(), id, { type: 'updated', members: { client_name: 'renamed' } });
  assert.deepEqual(await names(world, id), ['renamed', 'renamed']);
});

story(
  'a client of a provider without RFC 7592 can not be changed, and nothing is tried',
  async (world) => {
    const { id } = await registered(world);
    await refused('client_unmanageable', update(world, id));
    assert.deepEqual(world.idp.calls, []);
    assert.deepEqual(await world.open(), []);
  },
  { unmanaged: true },
);
