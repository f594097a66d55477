import assert from 'node:assert/strict';
import { isClientId, upstreamClientId } from '../../../src/clients/client-id.ts';
import { publicIdOf } from '../../../src/clients/client-record.ts';
import { createClient } from '../../../src/registration/create.ts';
import { readClient } from '../../../src/registration/read.ts';
import { secretOf } from '../../../src/registration/upstream/binding.ts';
import { type GrantedMetadata, UpstreamFailure } from '../../../src/registration/upstream.ts';
import { ACME, NOW, POLICY, refused, shown } from '../support.ts';
import { ISSUER } from './scripted-upstream.ts';
import { agree, fails, PROVIDER, story, upstreamAct, withKey } from './support.ts';

story(
  'a client is registered upstream, stored as granted, and known by the id it has there',
  async (world) => {
    world.idp.grants = () => ({
      client_name: 'as granted',
      scope: 'read',
      grant_types: ['client_credentials'],
    });
    const answer = await createClient(world, upstreamAct(), { client_name: 'asked', scope: 'read write' });
    const [held] = [...world.idp.held.values()];
    assert.ok(held);
    const { client } = answer;
    assert.equal(shown(answer), held.client_secret);
    assert.equal(publicIdOf(client), held.client_id);
    assert.equal(client.client_id, upstreamClientId(PROVIDER, held.client_id));
    assert.ok(isClientId(client.client_id));
    assert.equal(client.metadata.client_name, 'as granted');
    assert.equal(client.metadata.scope, 'read', 'narrower is taken and told');
    assert.deepEqual([client.upstream?.issuer, client.upstream?.marker], [ISSUER, held.marker]);
    assert.deepEqual(await readClient(world, upstreamAct(), held.client_id), client);
    await refused('client_unknown', readClient(world, upstreamAct(), client.client_id));
    const stored = JSON.stringify(client);
    for (const secret of [held.client_secret, held.token]) assert.ok(!stored.includes(secret));
    assert.ok(client.upstream);
    assert.equal(
      secretOf(world.upstream, PROVIDER, client.upstream),
      undefined,
      'kept only where it may be seen again',
    );
    await agree(world, 1);
  },
);

story('the intent is there before the call, with the marker that is sent', async (world) => {
  let during: readonly unknown[] = [];
  world.idp.meanwhile = async () => {
    during = (await world.open()).map(({ kind, state, client_name }) => [kind, state, client_name]);
  };
  await createClient(world, upstreamAct(), { client_name: 'orders' });
  assert.deepEqual(during, [['create', 'started', 'orders']]);
});

story('S-SSRF-08 no member of a portal’s says which provider is called', async (world) => {
  const evil = 'https://attacker.example';
  const body = { issuer: evil, registration_endpoint: evil, registration_client_uri: evil };
  const { client } = await createClient(world, upstreamAct(), body);
  assert.deepEqual([client.provider, client.upstream?.issuer], [PROVIDER, ISSUER]);
  assert.ok(client.upstream?.registration_client_uri?.startsWith(ISSUER));
  await agree(world, 1);
});

story('what the policy refuses is not sent', async (world) => {
  await refused('metadata_invalid', createClient(world, upstreamAct(), { scope: 'admin' }));
  assert.deepEqual(world.idp.calls, []);
  await agree(world, 0);
});

story('S-RACE-07 of 100 creates at a quota of 3, three are sent', async (world) => {
  world.policies.set(ACME, { ...POLICY, max_clients: 3 });
  const creates = Array.from({ length: 100 }, () => createClient(world, upstreamAct(), {}));
  const outcomes = await Promise.allSettled(creates);
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.equal(outcome.reason.reason, 'quota_exceeded');
  }
  assert.equal(world.idp.calls.length, 3);
  await agree(world, 3);
});

const WIDER: readonly (readonly [string, GrantedMetadata])[] = [
  ['scope', { scope: 'read admin' }],
  ['grant_types', { grant_types: ['client_credentials', 'password'] }],
  ['redirect_uris', { redirect_uris: ['https://attacker.example'] }],
  ['token_endpoint_auth_method', { token_endpoint_auth_method: 'none' }],
];
for (const [member, grant] of WIDER) {
  story(`S-UP-04 a wider ${member} is taken back and refused`, async (world) => {
    world.idp.grants = () => grant;
    const refusal = await refused(
      'upstream_not_acceptable',
      createClient(world, upstreamAct(), { scope: 'read' }),
    );
    assert.deepEqual(
      refusal.problems.map(({ path }) => path),
      [member],
    );
    await world.quiet();
    assert.deepEqual(world.idp.calls, ['register', 'remove']);
    await agree(world, 0);
  });
}

story('a registration that can not be taken back at once is taken back later', async (world) => {
  world.idp.grants = () => ({ scope: 'admin' });
  world.idp.trouble('remove', 'away', 'lost');
  await refused('upstream_not_acceptable', createClient(world, upstreamAct(), {}));
  await world.quiet();
  assert.deepEqual(
    (await world.open()).map(({ kind, state }) => [kind, state]),
    [['delete', 'started']],
  );
  for (const seconds of [20, 60]) {
    world.passes(seconds);
    await world.recover();
  }
  assert.equal(world.idp.held.size, 0);
  world.passes(60);
  await world.recover();
  await agree(world, 0);
});

story(
  'S-DCR-35 an id that the provider gave before overwrites nothing, and is not removed there',
  async (world) => {
    world.idp.nextId = () => 'always-the-same';
    const { client } = await createClient(world, upstreamAct(), { client_name: 'first' });
    const second = createClient(world, upstreamAct(), { client_name: 'second' });
    await refused('upstream_not_acceptable', second);
    await world.quiet();
    assert.deepEqual(await readClient(world, upstreamAct(), 'always-the-same'), client);
    assert.deepEqual(world.idp.calls, ['register', 'register']);
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['unmanageable'],
    );
  },
);

story('S-DCR-02 a registration for which the token had no use left by then is taken back', async (world) => {
  const spent = upstreamAct({ initialAccessToken: 'of a token that is used up' });
  await refused('key_unknown', createClient(world, spent, {}));
  await world.quiet();
  assert.deepEqual(world.idp.calls, ['register', 'remove']);
  await agree(world, 0);
});

story('a provider that refuses leaves nothing behind', async (world) => {
  world.idp.trouble('register', 'refused');
  await fails('not_done', createClient(world, withKey('k'), {}));
  await agree(world, 0);
  await createClient(world, withKey('k'), {});
  await agree(world, 1);
});

story('R-07 the same key gives the same client, and is sent once', async (world) => {
  const [first, second] = [
    await createClient(world, withKey('k'), {}),
    await createClient(world, withKey('k'), {}),
  ];
  assert.deepEqual(second, first);
  assert.equal(world.idp.calls.length, 1);
  await refused('idempotency_key_reused', createClient(world, withKey('k', { other: 1 }), {}));
});

story(
  'S-RACE-06 of fifty with one key at once, one is sent; the others are told to come again',
  async (world) => {
    const creates = Array.from({ length: 50 }, () => createClient(world, withKey('k'), {}));
    const outcomes = await Promise.allSettled(creates);
    assert.equal(world.idp.calls.length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.reason, 'idempotency_key_in_flight');
    }
    await agree(world, 1);
  },
);

story(
  'S-UP-02 a lost answer is written down as unknown, alarmed once, and never sent again by itself',
  async (world) => {
    world.idp.trouble('register', 'lost');
    await fails('unknown', createClient(world, upstreamAct(), { client_name: 'orders' }));
    const [intent, ...others] = await world.open();
    assert.deepEqual(others, []);
    const [held] = [...world.idp.held.values()];
    assert.deepEqual(
      [intent?.state, intent?.op_id, intent?.client_name],
      ['unknown', held?.marker, 'orders'],
    );
    for (const seconds of [20, 60, 3600]) {
      world.passes(seconds);
      await world.recover();
    }
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['answer_lost', 'unknown'],
    );
    assert.deepEqual(world.idp.calls, ['register']);
  },
);

story(
  'what an answer that could not be taken left there is on the list, with its id there',
  async (world) => {
    world.idp.meanwhile = async () => {
      throw new UpstreamFailure('upstream_malformed', 'unknown', { clientId: 'left-there' });
    };
    await fails('unknown', createClient(world, upstreamAct(), {}));
    const [intent] = await world.open();
    assert.deepEqual([intent?.state, intent?.left_there], ['unknown', 'left-there']);
  },
);

story(
  'R-07 a retry after a lost answer leaves one spare at most, and it stays written down',
  async (world) => {
    world.idp.trouble('register', 'lost');
    await fails('unknown', createClient(world, withKey('k'), {}));
    const answer = await createClient(world, withKey('k'), {});
    assert.equal(world.idp.held.size, 2);
    const [spare, ...others] = await world.open();
    assert.deepEqual(others, []);
    assert.deepEqual([spare?.state, spare?.registered_as], ['unknown', publicIdOf(answer.client)]);
    assert.deepEqual(
      [spare?.answer_id, spare?.request_hash],
      [undefined, undefined],
      'the key is free of it',
    );
    for (const { marker } of world.idp.held.values()) assert.equal(marker, spare?.op_id);
    assert.deepEqual(await createClient(world, withKey('k'), {}), answer);
    assert.equal(world.idp.calls.length, 2);
  },
);

story('a key whose first request is open is not taken for another body', async (world) => {
  world.idp.trouble('register', 'lost');
  await fails('unknown', createClient(world, withKey('k'), {}));
  await refused('idempotency_key_reused', createClient(world, withKey('k', { other: 1 }), {}));
  assert.deepEqual(world.idp.calls, ['register']);
});

story('R-07 after two lost answers a key is sent no third time', async (world) => {
  world.idp.trouble('register', 'lost', 'away');
  await fails('unknown', createClient(world, withKey('k'), {}));
  await fails('unknown', createClient(world, withKey('k'), {}));
  for (const _ of [1, 2]) await refused('idempotency_key_unsettled', createClient(world, withKey('k'), {}));
  assert.equal(world.idp.calls.length, 2);
});

story('a second attempt that was certainly not made leaves the key one more', async (world) => {
  world.idp.trouble('register', 'lost', 'refused', 'refused');
  await fails('unknown', createClient(world, withKey('k'), {}));
  for (const _ of [1, 2]) await fails('not_done', createClient(world, withKey('k'), {}));
  await createClient(world, withKey('k'), {});
  assert.equal(world.idp.held.size, 2);
  assert.equal((await world.open()).length, 1);
});

story(
  'R-08 where the provider can be searched, the orphan of a lost answer is found and removed',
  async (world) => {
    world.idp.trouble('register', 'lost');
    await fails('unknown', createClient(world, upstreamAct(), {}));
    assert.equal(world.idp.held.size, 1);
    // A search that fails says nothing, and is no news.
    world.idp.trouble('find', 'away', 'away');
    for (const seconds of [15, 60, 120]) {
      world.passes(seconds);
      await world.recover();
    }
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['answer_lost', 'settled'],
    );
    await agree(world, 0);
  },
  { searchable: true },
);

story(
  'R-08 every orphan under the marker is removed, also one that a search shows late',
  async (world) => {
    world.idp.trouble('register', 'away');
    await fails('unknown', createClient(world, upstreamAct(), {}));
    const [intent] = await world.open();
    assert.ok(intent);
    world.passes(15);
    await world.recover();
    const { metadata } = (await createClient(world, upstreamAct(), {})).client;
    for (const _ of [1, 2]) await world.idp.register(metadata, intent.op_id);
    world.passes(120);
    await world.recover();
    await agree(world, 1);
  },
  { searchable: true },
);

story('of what a search finds under a marker, the client that we have is no orphan', async (world) => {
  world.idp.trouble('register', 'lost');
  await fails('unknown', createClient(world, withKey('k'), {}));
  const { client } = await createClient(world, withKey('k'), {});
  const [spare] = await world.open();
  assert.ok(spare);
  // An operator has found out how that provider is searched, and has it looked at again.
  world.idp.searchable = true;
  await world.store.intents.advance({ ...spare, version: spare.version + 1, next_attempt_at: NOW });
  await world.recover();
  assert.deepEqual([...world.idp.held.keys()], [publicIdOf(client)]);
  await agree(world, 1);
});

story(
  'a registration that never happened is given up after a while of searching',
  async (world) => {
    world.idp.trouble('register', 'away');
    await fails('unknown', createClient(world, upstreamAct(), {}));
    for (let minute = 0; minute < 30; minute += 1) {
      world.passes(60);
      await world.recover();
    }
    await agree(world, 0);
    // The longer nothing is found, the longer the pauses.
    assert.ok(world.idp.calls.length < 8, `${world.idp.calls.length} calls`);
  },
  { searchable: true },
);

story(
  'a retry takes on the registration whose answer was lost, when its secret can be told',
  async (world) => {
    world.idp.trouble('register', 'lost');
    await fails('unknown', createClient(world, withKey('k'), {}));
    const answer = await createClient(world, withKey('k'), {});
    assert.equal(shown(answer), [...world.idp.held.values()][0]?.client_secret);
    assert.deepEqual(world.idp.calls, ['register', 'find']);
    await agree(world, 1);
  },
  { searchable: true, findsSecrets: true },
);

story(
  'a retry removes the registration whose answer was lost, when its secret is lost with it',
  async (world) => {
    world.idp.trouble('register', 'lost');
    await fails('unknown', createClient(world, withKey('k'), {}));
    await createClient(world, withKey('k'), {});
    await world.quiet();
    await agree(world, 1);
  },
  { searchable: true },
);

story(
  'a provider without RFC 7592 that grants too much leaves a client that a person has to remove',
  async (world) => {
    world.idp.grants = () => ({ scope: 'admin' });
    await refused('upstream_not_acceptable', createClient(world, upstreamAct(), {}));
    await world.quiet();
    const [intent] = await world.open();
    assert.deepEqual(
      [intent?.kind, intent?.state, intent?.upstream?.client_id],
      ['delete', 'unmanageable', [...world.idp.held.keys()][0]],
    );
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['unmanageable'],
    );
  },
  { unmanaged: true },
);
