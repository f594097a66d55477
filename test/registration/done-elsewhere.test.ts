/** A node that answers for what another one has done: from then on it goes by nothing that is older. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientCache, createClientCache } from '../../src/clients/client-cache.ts';
import type { ClientId } from '../../src/clients/client-id.ts';
import { createClient } from '../../src/registration/create.ts';
import { deleteClient } from '../../src/registration/delete.ts';
import { rotateSecret } from '../../src/registration/rotate-secret.ts';
import { act, OTHER, refused, shown, type World, world } from './support.ts';

interface Nodes {
  readonly one: World;
  /** Over the same store. */
  readonly other: World;
  /** Whether the other one still goes by what it has of the client in memory. */
  readonly goesBy: (id: ClientId) => boolean;
}

/** The other node has the client in memory, and the news of what is done to it are on their way. */
async function twoNodes(): Promise<Nodes & { readonly id: ClientId }> {
  const one = await world();
  const cache: ClientCache = createClientCache({
    read: one.clients.read,
    changes: { follow: async () => {}, toldUntilMs: () => 0, storeIsAway: () => false },
    maxBytes: 100_000,
    maxStaleMs: 0,
    nowMs: () => 0,
  });
  const { client_id: id } = (await createClient(one, act(), {})).client;
  await cache.read(id);
  return {
    one,
    other: { ...one, forget: cache.forget },
    id,
    goesBy: (client) => cache.warm(client, 0) !== undefined,
  };
}

test('a delete that is repeated at another node is one there, too', async () => {
  const { one, other, id, goesBy } = await twoNodes();
  await deleteClient(one, act(), id);
  await refused('client_unknown', deleteClient(other, act({ portal: OTHER }), id));
  assert.equal(goesBy(id), true, 'another portal changes nothing');
  assert.equal(await deleteClient(other, act(), id), 'deleted');
  assert.equal(goesBy(id), false);
  await one.close();
});

test('a rotation that is repeated at another node, under its idempotency key, is one there, too', async () => {
  const { one, other, id, goesBy } = await twoNodes();
  const idempotent = { key: 'again', route: `rotate ${id}`, body: {} };
  const first = await rotateSecret(one, act({ idempotent }), id, undefined);
  assert.equal(goesBy(id), true);
  const again = await rotateSecret(other, act({ idempotent }), id, undefined);
  assert.equal(shown(again), shown(first));
  assert.equal(goesBy(id), false);
  await one.close();
});
