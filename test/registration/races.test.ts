import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ClientStore } from '../../src/clients/client-store.ts';
import { findSecret } from '../../src/clients/secret.ts';
import { Refusal } from '../../src/lib/refusal.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { createClient } from '../../src/registration/create.ts';
import { deleteClient } from '../../src/registration/delete.ts';
import { readClient } from '../../src/registration/read.ts';
import { rotateSecret } from '../../src/registration/rotate-secret.ts';
import { updateClient } from '../../src/registration/update.ts';
import { act, refused, shown, type World, world } from './support.ts';

const worlds: World[] = [];
after(() => Promise.all(worlds.map((each) => each.close())));

/** A world whose store does something else first, each time a method is called. */
async function interrupted(
  method: 'replace' | 'create' | 'read' | 'delete',
  interruption: (clients: ClientStore, args: readonly unknown[]) => Promise<void>,
): Promise<World> {
  const made = await world((clients) => ({
    ...clients,
    [method]: async (...args: never[]) => {
      await interruption(clients, args);
      return (clients[method] as (...args: never[]) => Promise<unknown>)(...args);
    },
  }));
  worlds.push(made);
  return made;
}

test('S-MGT-11: an update that lost a race is computed again on what won it', async () => {
  let races = 2;
  const context = await interrupted('replace', async (clients, [record]) => {
    if (races-- <= 0) return;
    const { client_id } = record as { client_id: Parameters<ClientStore['read']>[0] };
    const current = (await clients.read(client_id)) ?? assert.fail('gone');
    const metadata = { ...current.metadata, labels: { ...current.metadata.labels, [`race${races}`]: 'won' } };
    await clients.replace({ ...current, metadata, version: current.version + 1 }, current.version);
  });
  const { client } = await createClient(context, act(), { scope: 'read' });
  const { client: updated } = await updateClient(context, act(), client.client_id, { client_name: 'mine' });
  assert.equal(updated.metadata.client_name, 'mine');
  assert.deepEqual(updated.metadata.labels, { race1: 'won', race0: 'won' });
  assert.equal(updated.version, 4);
});

test('an update that loses every race says so, and writes nothing', async () => {
  const context = await interrupted('replace', async (clients, [record]) => {
    const { client_id } = record as { client_id: Parameters<ClientStore['read']>[0] };
    const current = (await clients.read(client_id)) ?? assert.fail('gone');
    await clients.replace({ ...current, version: current.version + 1 }, current.version);
  });
  const { client } = await createClient(context, act(), { client_name: 'first' });
  await refused('client_conflict', updateClient(context, act(), client.client_id, { client_name: 'mine' }));
  assert.equal((await readClient(context, act(), client.client_id)).metadata.client_name, 'first');
});

for (const [verb, run] of [
  ['update', (context: World, id: string) => updateClient(context, act(), id, { client_name: 'late' })],
  ['rotation', (context: World, id: string) => rotateSecret(context, act(), id, undefined)],
] as const) {
  test(`S-RACE-01: a ${verb} that a delete overtakes does not bring the client back`, async () => {
    let id = '';
    const context: World = await interrupted('replace', async () => {
      await deleteClient(context, act(), id);
    });
    id = (await createClient(context, act(), {})).client.client_id;
    await refused('client_unknown', run(context, id));
    await refused('client_unknown', readClient(context, act(), id));
  });
}

test('S-RACE-03: of rotations at the same time each returned secret that is the newest works', async () => {
  const context = await world();
  worlds.push(context);
  const { client } = await createClient(context, act(), {});
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, () => rotateSecret(context, act(), client.client_id, undefined)),
  );
  const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const { secrets, version } = await readClient(context, act(), client.client_id);
  assert.equal(version, 1 + done.length, 'each that was acknowledged was written, once');
  const working = done.filter(
    (answer) => findSecret(secrets, shown(answer), context.hashSecret, act().nowSeconds) !== undefined,
  );
  assert.equal(working.length, 1);
  assert.equal(working[0]?.client.version, version, 'the last acknowledged one is the one that works');
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.equal((outcome.reason as Refusal).reason, 'client_conflict');
  }
});

test('L-11, S-DCR-24: a store that does not answer is never "unknown" and never a success', async () => {
  const context = await world();
  worlds.push(context);
  const { client } = await createClient(context, act(), {});
  for (const method of ['read', 'replace', 'create', 'delete'] as const) {
    const unavailable = new StoreUnavailable(`clients.${method}`, 'not_done');
    const failing = {
      ...context,
      clients: { ...context.clients, [method]: () => Promise.reject(unavailable) },
    };
    const acts: Record<string, () => Promise<unknown>> = {
      create: () => createClient(failing, act(), {}),
      read: () => readClient(failing, act(), client.client_id),
      update: () => updateClient(failing, act(), client.client_id, {}),
      rotate: () => rotateSecret(failing, act(), client.client_id, undefined),
      delete: () => deleteClient(failing, act(), client.client_id),
    };
    const needs: Record<typeof method, readonly string[]> = {
      read: ['read', 'update', 'rotate', 'delete'],
      replace: ['update', 'rotate'],
      create: ['create'],
      delete: ['delete'],
    };
    for (const verb of needs[method]) {
      await assert.rejects(
        acts[verb]?.() ?? assert.fail(),
        (error) => error === unavailable,
        `${verb}/${method}`,
      );
      assert.deepEqual(await readClient(context, act(), client.client_id), client, `${verb}/${method}`);
    }
  }
  assert.ok(!(new StoreUnavailable('x', 'unknown') instanceof Refusal));
});

test('an id that is taken is tried once and never given again', async () => {
  const context = await world();
  worlds.push(context);
  /** Ids made of that byte, in turn; everything else is random. */
  const withIds = (...bytes: number[]): World => ({
    ...context,
    // 16 bytes are asked for twice: first to name the secret, then for an id until one is free.
    random: (count) =>
      count === 16 && asked++ > 0 ? new Uint8Array(16).fill(bytes.shift() ?? 9) : context.random(count),
  });
  let asked = 0;
  const { client: first } = await createClient(withIds(1), act(), {});
  asked = 0;
  const { client: second } = await createClient(withIds(1, 1, 2), act(), {});
  assert.equal(asked, 4, 'the secret, the taken id twice, a free one');
  await deleteClient(context, act(), first.client_id);
  asked = 0;
  const { client: third } = await createClient(withIds(1, 3), act(), {});
  assert.equal(new Set([first, second, third].map(({ client_id }) => client_id)).size, 3);
});
