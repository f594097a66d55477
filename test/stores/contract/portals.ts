/** What every portal store does. */
import assert from 'node:assert/strict';
import type { Implementation } from '../implementations.ts';
import { aKeyHash, aPortal } from '../records.ts';
import { withStore } from './with-store.ts';

export function portalsContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);

  story('a portal is found by its name and by each of its keys', async ({ portals }) => {
    const [first, second] = [aKeyHash(), aKeyHash()];
    const portal = aPortal('acme', [first, second]);
    assert.equal(await portals.create(portal), 'created');
    assert.deepEqual(await portals.read(portal.name), portal);
    assert.deepEqual(await portals.findByKeyHash(first), portal);
    assert.deepEqual(await portals.findByKeyHash(second), portal);
  });

  story('an unknown name or key finds nothing', async ({ portals }) => {
    assert.equal(await portals.read(aPortal('acme').name), undefined);
    assert.equal(await portals.findByKeyHash(aKeyHash()), undefined);
    assert.deepEqual(await portals.list(), []);
  });

  story('portals are listed by name', async ({ portals }) => {
    const [b, a, c] = [aPortal('b'), aPortal('a'), aPortal('c')];
    for (const portal of [b, a, c]) await portals.create(portal);
    assert.deepEqual(await portals.list(), [a, b, c]);
  });

  story('a taken name is not created again, and the new keys open nothing', async ({ portals }) => {
    const portal = aPortal('acme');
    await portals.create(portal);
    const hash = aKeyHash();
    assert.equal(await portals.create(aPortal('acme', [hash])), 'exists');
    assert.deepEqual(await portals.read(portal.name), portal);
    assert.equal(await portals.findByKeyHash(hash), undefined);
  });

  story('a replace moves the key index with the record: a removed key opens nothing', async ({ portals }) => {
    const [old, kept, added] = [aKeyHash(), aKeyHash(), aKeyHash()];
    await portals.create(aPortal('acme', [old, kept]));
    const second = { ...aPortal('acme', [added, kept]), version: 2 };
    assert.equal(await portals.replace(second, 1), 'replaced');
    assert.equal(await portals.findByKeyHash(old), undefined);
    assert.deepEqual(await portals.findByKeyHash(kept), second);
    assert.deepEqual(await portals.findByKeyHash(added), second);
    assert.deepEqual(await portals.list(), [second]);
  });

  story('a replace with another version is a conflict and moves no key', async ({ portals }) => {
    const [old, added] = [aKeyHash(), aKeyHash()];
    const portal = aPortal('acme', [old]);
    await portals.create(portal);
    assert.equal(await portals.replace({ ...aPortal('acme', [added]), version: 3 }, 2), 'conflict');
    assert.deepEqual(await portals.findByKeyHash(old), portal);
    assert.equal(await portals.findByKeyHash(added), undefined);
  });

  story('a replace of a portal that is not there is a conflict and stores nothing', async (store) => {
    const hash = aKeyHash();
    assert.equal(await store.portals.replace({ ...aPortal('acme', [hash]), version: 2 }, 1), 'conflict');
    assert.deepEqual(await store.portals.list(), []);
    assert.equal(await store.portals.findByKeyHash(hash), undefined);
    assert.equal(await store.rings.isUnused(), true);
  });

  story('a portal without a key is kept, and may get one later', async ({ portals }) => {
    const hash = aKeyHash();
    assert.equal(await portals.create(aPortal('acme', [])), 'created');
    assert.equal(await portals.replace({ ...aPortal('acme', [hash]), version: 2 }, 1), 'replaced');
    assert.equal((await portals.findByKeyHash(hash))?.version, 2);
  });

  story(
    'a key opens one portal only: another can not take it, and nothing of the try is stored',
    async (store) => {
      const { portals } = store;
      const [shared, own] = [aKeyHash(), aKeyHash()];
      const [owner, other] = [aPortal('owner', [shared]), aPortal('other', [own])];
      await portals.create(owner);
      await portals.create(other);
      const taken = /already opens another portal/;
      await assert.rejects(portals.create(aPortal('third', [aKeyHash(), shared])), taken);
      await assert.rejects(portals.replace({ ...aPortal('other', [shared]), version: 2 }, 1), taken);
      assert.deepEqual(await portals.list(), [other, owner]);
      assert.deepEqual(await portals.findByKeyHash(shared), owner);
      assert.deepEqual(await portals.findByKeyHash(own), other);
    },
  );

  story('a record that names one key twice is no obstacle', async ({ portals }) => {
    const hash = aKeyHash();
    assert.equal(await portals.create(aPortal('acme', [hash, hash])), 'created');
    assert.equal(await portals.replace({ ...aPortal('acme', [hash, hash]), version: 2 }, 1), 'replaced');
    assert.equal((await portals.findByKeyHash(hash))?.version, 2);
  });
}
