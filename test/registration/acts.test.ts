import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { newClientId } from '../../src/clients/client-id.ts';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { TOMBSTONE_SECONDS } from '../../src/clients/client-store.ts';
import { findSecret } from '../../src/clients/secret.ts';
import { createClient } from '../../src/registration/create.ts';
import { deleteClient } from '../../src/registration/delete.ts';
import { readClient } from '../../src/registration/read.ts';
import { rotateSecret } from '../../src/registration/rotate-secret.ts';
import { updateClient } from '../../src/registration/update.ts';
import { ACME, act, NOW, OTHER, POLICY, refused, shown, type World, world } from './support.ts';

let context: World;
before(async () => {
  context = await world();
});
after(() => context.close());

interface Shown {
  readonly client: ClientRecord;
  readonly clientSecret: string;
}

async function create(body: Record<string, unknown> = { scope: 'read' }, changes = {}): Promise<Shown> {
  const answer = await createClient(context, act(changes), body);
  return { ...answer, clientSecret: shown(answer) };
}

async function rotate(id: string, changes = {}, overlapSeconds?: number): Promise<Shown> {
  const answer = await rotateSecret(context, act(changes), id, overlapSeconds);
  return { ...answer, clientSecret: shown(answer) };
}

async function opens(id: string, secret: string, at = NOW): Promise<boolean> {
  const { secrets } = await readClient(context, act(), id);
  return findSecret(secrets, secret, context.hashSecret, at) !== undefined;
}

/** Runs under another policy of the portal's, as if the operator had changed it. */
async function withPolicy<T>(changes: Partial<typeof POLICY>, run: () => Promise<T>): Promise<T> {
  context.policies.set(ACME, { ...POLICY, ...changes });
  try {
    return await run();
  } finally {
    context.policies.set(ACME, POLICY);
  }
}

test('a created client is read as it was created, and its secret is only in the answer', async () => {
  const { client, clientSecret } = await create({ client_name: 'orders', scope: 'read', x: 1 });
  const stored = await readClient(context, act(), client.client_id);
  assert.deepEqual(stored, client);
  assert.ok(!JSON.stringify(stored).includes(clientSecret));
  assert.ok(await opens(client.client_id, clientSecret));
  assert.deepEqual(
    { ...stored, secrets: stored.secrets.length, client_id: '', metadata: stored.metadata.client_name },
    {
      client_id: '',
      portal: ACME,
      provider: 'local',
      version: 1,
      state: 'active',
      created_at: NOW,
      updated_at: NOW,
      metadata: 'orders',
      granted_resources: POLICY.resources,
      secrets: 1,
    },
  );
});

test('S-DCR-05: no member of a body becomes an id, a secret, an owner or a state', async () => {
  const id = newClientId(randomBytes);
  const { client, clientSecret } = await create({
    client_id: id,
    client_secret: 'chosen',
    portal: OTHER,
    provider: 'upstream',
    state: 'disabled',
    version: 7,
    secrets: [],
    granted_resources: ['https://everything.example'],
  });
  assert.notEqual(client.client_id, id);
  assert.notEqual(clientSecret, 'chosen');
  assert.deepEqual(
    [client.portal, client.provider, client.state, client.version, client.granted_resources],
    [ACME, 'local', 'active', 1, POLICY.resources],
  );
  const { client: updated } = await updateClient(context, act(), client.client_id, {
    client_id: id,
    portal: OTHER,
    state: 'disabled',
    granted_resources: ['https://everything.example'],
    secrets: [],
  });
  assert.deepEqual(
    { ...updated, metadata: null },
    { ...client, version: 2, metadata: null },
    'an update changes the metadata alone',
  );
});

test('an update merges: what is sent replaces, what is not sent or null stays', async () => {
  const { client } = await create({
    client_name: 'a',
    scope: 'read write',
    labels: { team: 'x' },
    plan: 'gold',
  });
  const later = act({ nowSeconds: NOW + 5 });
  const { client: updated } = await updateClient(context, later, client.client_id, {
    name: 'b',
    labels: null,
    plan: 'free',
  });
  const { client_name, scope, labels, extension } = updated.metadata;
  assert.deepEqual(
    { client_name, scope, labels, extension },
    { client_name: 'b', scope: 'read write', labels: { team: 'x' }, extension: { plan: 'free' } },
  );
  assert.deepEqual([updated.version, updated.created_at, updated.updated_at], [2, NOW, NOW + 5]);
  assert.deepEqual(await readClient(context, act(), client.client_id), updated);
  assert.deepEqual(updated.secrets, client.secrets, 'S-MGT-11: hidden members survive');
});

test('S-MGT-06: an update is judged by the whole document that results, under the policy of today', async () => {
  const { client } = await create({ scope: 'read write' });
  await withPolicy({ scopes: ['read'] }, async () => {
    const refusal = await refused(
      'metadata_invalid',
      updateClient(context, act(), client.client_id, { client_name: 'only the name' }),
    );
    assert.deepEqual(
      refusal.problems.map(({ path }) => path),
      ['scope'],
    );
    assert.deepEqual(await readClient(context, act(), client.client_id), client, 'nothing was written');
    const { client: narrowed } = await updateClient(context, act(), client.client_id, { scope: 'read' });
    assert.equal(narrowed.metadata.scope, 'read');
  });
});

test('S-MGT-08: leaving a member out of an update never widens what the client may do', async () => {
  const { client } = await create({ scope: 'read', token_endpoint_auth_method: 'client_secret_post' });
  await withPolicy({ default_scopes: ['read', 'write'] }, async () => {
    for (const body of [{}, { scope: null }, { client_name: 'x' }, { grant_types: null }]) {
      const {
        client: { metadata },
      } = await updateClient(context, act(), client.client_id, body);
      assert.equal(metadata.scope, 'read');
      assert.equal(metadata.token_endpoint_auth_method, 'client_secret_post');
    }
  });
  const { client: none } = await updateClient(context, act(), client.client_id, { scope: '' });
  assert.equal(none.metadata.scope, '', 'an empty scope is one that was sent');
});

test('a rotation ends the old secret at once by default', async () => {
  const { client, clientSecret } = await create();
  const rotated = await rotate(client.client_id);
  assert.ok(!(await opens(client.client_id, clientSecret)));
  assert.ok(await opens(client.client_id, rotated.clientSecret));
  assert.equal(rotated.client.secrets.length, 1);
  assert.equal(rotated.client.version, 2);
  assert.deepEqual(rotated.client.metadata, client.metadata);
});

test('an overlap that is not in the policy is refused, and nothing is rotated', async () => {
  const { client, clientSecret } = await create();
  await refused('metadata_invalid', rotateSecret(context, act(), client.client_id, 3600));
  assert.ok(await opens(client.client_id, clientSecret));
  assert.equal((await readClient(context, act(), client.client_id)).secrets.length, 1);
});

test('R-09: within the overlap both secrets work, and the old one ends at the announced instant', async () => {
  const { client, clientSecret } = await create();
  const rotated = await withPolicy({ secret_overlap_seconds: 600 }, () => rotate(client.client_id));
  assert.deepEqual(
    rotated.client.secrets.map(({ expires_at }) => expires_at),
    [0, NOW + 601],
  );
  for (const [secret, at, expected] of [
    [clientSecret, NOW + 600, true],
    [clientSecret, NOW + 601, false],
    [rotated.clientSecret, NOW + 600, true],
    [rotated.clientSecret, NOW + 601, true],
  ] as const) {
    assert.equal(await opens(client.client_id, secret, at), expected);
  }
});

test('a request may shorten the overlap, to nothing even, and never lengthen it', async () => {
  await withPolicy({ secret_overlap_seconds: 600 }, async () => {
    for (const [asked, granted] of [
      [60, [0, NOW + 61]],
      [0, [0]],
      [600, [0, NOW + 601]],
    ] as const) {
      const { client } = await create();
      const rotated = await rotateSecret(context, act(), client.client_id, asked);
      assert.deepEqual(
        rotated.client.secrets.map(({ expires_at }) => expires_at),
        granted,
      );
    }
    const { client } = await create();
    await refused('metadata_invalid', rotateSecret(context, act(), client.client_id, 601));
    assert.deepEqual((await readClient(context, act(), client.client_id)).secrets, client.secrets);
  });
});

test('S-MGT-15: rotating twice within the overlap ends the oldest, two are valid at most', async () => {
  const { client, clientSecret: first } = await create();
  await withPolicy({ secret_overlap_seconds: 600 }, async () => {
    const { clientSecret: second } = await rotate(client.client_id);
    const { clientSecret: third } = await rotate(client.client_id, { nowSeconds: NOW + 10 });
    const valid = await Promise.all(
      [first, second, third].map((each) => opens(client.client_id, each, NOW + 11)),
    );
    assert.deepEqual(valid, [false, true, true]);
    const { secrets } = await readClient(context, act(), client.client_id);
    assert.deepEqual(
      secrets.map(({ expires_at }) => expires_at),
      [0, NOW + 611],
    );
  });
});

test('an overlap does not lengthen a secret that was ending anyway', async () => {
  const { client } = await create();
  await withPolicy({ secret_overlap_seconds: 600 }, async () => {
    await rotateSecret(context, act(), client.client_id, 30);
    // The new one of the first rotation is kept; the one that ends in 30 s is dropped, not revived.
    const { client: after } = await rotateSecret(
      context,
      act({ nowSeconds: NOW + 40 }),
      client.client_id,
      undefined,
    );
    assert.deepEqual(
      after.secrets.map(({ expires_at }) => expires_at),
      [0, NOW + 641],
    );
  });
});

test('S-MGT-18, S-MGT-19: a deleted client is unknown; deleting it again succeeds for 24 h', async () => {
  const { client } = await create();
  await deleteClient(context, act(), client.client_id);
  await refused('client_unknown', readClient(context, act(), client.client_id));
  await refused('client_unknown', updateClient(context, act(), client.client_id, {}));
  await refused('client_unknown', rotateSecret(context, act(), client.client_id, undefined));
  await deleteClient(context, act(), client.client_id);
  await deleteClient(context, act({ nowSeconds: NOW + TOMBSTONE_SECONDS }), client.client_id);
  const later = act({ nowSeconds: NOW + TOMBSTONE_SECONDS + 1 });
  await refused('client_unknown', deleteClient(context, later, client.client_id));
});

const VERBS: readonly (readonly [string, (id: string, by: ReturnType<typeof act>) => Promise<unknown>])[] = [
  ['read', (id, by) => readClient(context, by, id)],
  ['update', (id, by) => updateClient(context, by, id, { client_name: 'stolen' })],
  ['rotate', (id, by) => rotateSecret(context, by, id, undefined)],
  ['delete', (id, by) => deleteClient(context, by, id)],
];

for (const [verb, run] of VERBS) {
  test(`S-TEN-01: another portal can't ${verb} a client, and learns nothing`, async () => {
    const { client } = await create();
    const foreign = await refused('client_unknown', run(client.client_id, act({ portal: OTHER })));
    const unknown = await refused('client_unknown', run(newClientId(randomBytes), act({ portal: OTHER })));
    assert.deepEqual(
      [foreign.problems, foreign.detail, foreign.headers],
      [unknown.problems, unknown.detail, unknown.headers],
    );
    assert.deepEqual(await readClient(context, act(), client.client_id), client, 'nothing was written');
  });

  test(`a client is not found by ${verb} at another provider`, async () => {
    const { client } = await create();
    const elsewhere = act({ provider: 'upstream' });
    await refused(
      verb === 'rotate' ? 'rotation_unsupported' : 'client_unknown',
      run(client.client_id, elsewhere),
    );
    assert.deepEqual(await readClient(context, act(), client.client_id), client, 'nothing was written');
  });

  test(`S-DCR-04: ${verb} asks for the provider first`, async () => {
    const { client } = await create();
    await refused('provider_unknown', run(client.client_id, act({ provider: 'nowhere' })));
    await refused('provider_unknown', run(client.client_id, act({ provider: '__proto__' })));
    await withPolicy({ providers: ['upstream'] }, () =>
      refused('provider_not_allowed', run(client.client_id, act())),
    );
    assert.deepEqual(await readClient(context, act(), client.client_id), client, 'nothing was written');
  });

  test(`S-HTTP-08: ${verb} of an id that can't be one is refused without asking the store`, async () => {
    const untouchable = await world(
      () => new Proxy({} as World['clients'], { get: (_, method) => assert.fail(`asked ${String(method)}`) }),
    );
    const asked = { ...context, clients: untouchable.clients };
    for (const id of ['', '__proto__', 'constructor', 'admin', `cl_${'0'.repeat(21)}é`]) {
      const acts = {
        read: () => readClient(asked, act(), id),
        update: () => updateClient(asked, act(), id, {}),
        rotate: () => rotateSecret(asked, act(), id, undefined),
        delete: () => deleteClient(asked, act(), id),
      };
      await refused('client_unknown', acts[verb as keyof typeof acts]());
    }
    await untouchable.close();
  });
}

test('S-DCR-04: create is judged by the same policy', async () => {
  await refused('provider_unknown', create({}, { provider: 'nowhere' }));
  await refused('provider_not_allowed', create({}, { portal: 'third' }));
  await refused('metadata_invalid', create({ scope: 'admin' }));
  await refused('redirect_uri_invalid', create({ redirect_uris: ['javascript:1'] }));
});

test('S-TEN-01: another portal can not repeat the delete of a client that was never its own', async () => {
  const { client } = await create();
  await deleteClient(context, act(), client.client_id);
  await refused('client_unknown', deleteClient(context, act({ portal: OTHER }), client.client_id));
});
