/** What every client store does. */
import assert from 'node:assert/strict';
import { TOMBSTONE_SECONDS } from '../../../src/clients/client-store.ts';
import { StoreUnavailable } from '../../../src/lib/store-unavailable.ts';
import type { Implementation } from '../implementations.ts';
import { aClient, aTombstone, FREELY, NOW, next } from '../records.ts';
import { unavailable } from '../unavailable.ts';
import { withStore } from './with-store.ts';

export function clientsContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);

  story('a client that was created is read back exactly', async ({ clients }) => {
    const client = aClient();
    assert.equal(await clients.create(client, FREELY), 'created');
    assert.deepEqual(await clients.read(client.client_id), client);
  });

  story('a client that never was is not there', async ({ clients }) => {
    assert.equal(await clients.read(aClient().client_id), undefined);
    assert.equal(await clients.readTombstone(aClient().client_id, NOW), undefined);
  });

  story('a taken id is not created again, and the client stays as it was', async ({ clients }) => {
    const client = aClient();
    await clients.create(client, FREELY);
    assert.equal(await clients.create({ ...client, provider: 'other' }, FREELY), 'exists');
    assert.deepEqual(await clients.read(client.client_id), client);
  });

  story('a replace with the stored version replaces', async ({ clients }) => {
    const client = aClient();
    await clients.create(client, FREELY);
    const second = next(client, { state: 'disabled' });
    assert.equal(await clients.replace(second, 1), 'replaced');
    assert.deepEqual(await clients.read(client.client_id), second);
    assert.equal(await clients.replace(next(second), 2), 'replaced');
  });

  story('a replace with another version is a conflict and changes nothing', async ({ clients }) => {
    const client = aClient();
    await clients.create(client, FREELY);
    const second = next(client);
    await clients.replace(second, 1);
    assert.equal(await clients.replace(next(client, { granted_resources: ['lost'] }), 1), 'conflict');
    assert.equal(await clients.replace(next(client, { granted_resources: ['lost'] }), 12), 'conflict');
    assert.deepEqual(await clients.read(client.client_id), second);
  });

  story('a replace of a client that is not there is gone and stores nothing', async ({ clients, rings }) => {
    const client = aClient();
    assert.equal(await clients.replace(next(client), 1), 'gone');
    assert.equal(await clients.read(client.client_id), undefined);
    assert.equal(await rings.isUnused(), true);
  });

  story('a deleted client is gone, whatever its version, and leaves its tombstone', async ({ clients }) => {
    const client = aClient();
    await clients.create(client, FREELY);
    await clients.replace(next(client), 1);
    assert.equal(await clients.delete(client.client_id, aTombstone(client)), 'deleted');
    assert.equal(await clients.read(client.client_id), undefined);
    assert.deepEqual(await clients.readTombstone(client.client_id, NOW), aTombstone(client));
  });

  story('a second delete is gone and does not move the tombstone', async ({ clients }) => {
    const client = aClient();
    await clients.create(client, FREELY);
    await clients.delete(client.client_id, aTombstone(client));
    assert.equal(await clients.delete(client.client_id, aTombstone(client, NOW + 60)), 'gone');
    assert.deepEqual(await clients.readTombstone(client.client_id, NOW), aTombstone(client));
  });

  story('a delete of what never was is gone and leaves no tombstone', async ({ clients, rings }) => {
    const client = aClient();
    assert.equal(await clients.delete(client.client_id, aTombstone(client)), 'gone');
    assert.equal(await clients.readTombstone(client.client_id, NOW), undefined);
    assert.equal(await rings.isUnused(), true);
  });

  story('L-10 neither an update nor a create brings a deleted client back', async ({ clients }) => {
    const client = aClient();
    await clients.create(client, FREELY);
    await clients.delete(client.client_id, aTombstone(client));
    assert.equal(await clients.replace(next(client), 1), 'gone');
    assert.equal(await clients.create(client, FREELY), 'exists');
    assert.equal(await clients.read(client.client_id), undefined);
  });

  story('a tombstone is seen for 24 h and not a second longer', async ({ clients }) => {
    const client = aClient();
    await clients.create(client, FREELY);
    await clients.delete(client.client_id, aTombstone(client));
    const end = NOW + TOMBSTONE_SECONDS;
    assert.deepEqual(await clients.readTombstone(client.client_id, end), aTombstone(client));
    assert.equal(await clients.readTombstone(client.client_id, end + 1), undefined);
  });

  story(
    'L-11 a damaged record is a store that can not answer, never a missing client',
    async (store, place) => {
      const client = aClient();
      await store.clients.create(client, FREELY);
      const damages = [
        ['{"client_id":"SECRET', /is not JSON/],
        ['null', /is another one/],
        [JSON.stringify(aClient()), /is another one/],
      ] as const;
      for (const [text, message] of damages) {
        await place.damage(client.client_id, text);
        await assert.rejects(store.clients.read(client.client_id), (error) => {
          assert.ok(error instanceof StoreUnavailable);
          assert.match(error.message, message);
          assert.match(error.message, new RegExp(client.client_id));
          assert.doesNotMatch(error.message, /SECRET/);
          return true;
        });
      }
    },
  );

  story('clients are still there for the next process', async (store, place) => {
    const client = aClient();
    const deleted = aClient();
    await store.clients.create(client, FREELY);
    await store.clients.create(deleted, FREELY);
    await store.clients.delete(deleted.client_id, aTombstone(deleted));
    await store.close();
    const later = await place.open();
    try {
      assert.deepEqual(await later.clients.read(client.client_id), client);
      assert.equal(await later.clients.read(deleted.client_id), undefined);
      assert.deepEqual(await later.clients.readTombstone(deleted.client_id, NOW), aTombstone(deleted));
    } finally {
      await later.close();
    }
  });

  story('a closed store is unavailable, and closing it again is nothing', async (store) => {
    await store.close();
    await assert.rejects(store.clients.read(aClient().client_id), StoreUnavailable);
    await assert.rejects(store.clients.create(aClient(), FREELY), unavailable('not_done'));
    await assert.rejects(store.ping(), StoreUnavailable);
  });

  story('the store answers a ping and promises durability', async (store) => {
    await store.ping();
    assert.deepEqual(await store.durability(), { durable: true, warnings: [] });
  });
}
