/** What every ring store does. */
import assert from 'node:assert/strict';
import type { Implementation } from '../implementations.ts';
import { aClient, aPortal, aTombstone, FREELY } from '../records.ts';
import { withStore } from './with-store.ts';

export function ringsContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);

  story('no ring is there before the first is written', async ({ rings }) => {
    assert.equal(await rings.readRing(), undefined);
  });

  story('a ring is read back exactly, its text untouched', async ({ rings }) => {
    const ring = { version: 1, document: ' { "sealed": "7 ü", "list": [] }\n' };
    assert.equal(await rings.writeRing(ring, 0), 'written');
    assert.deepEqual(await rings.readRing(), ring);
  });

  story('a write with another version is a conflict and changes nothing', async ({ rings }) => {
    assert.equal(await rings.writeRing({ version: 2, document: 'early' }, 1), 'conflict');
    assert.equal(await rings.readRing(), undefined);
    await rings.writeRing({ version: 1, document: 'first' }, 0);
    assert.equal(await rings.writeRing({ version: 1, document: 'again' }, 0), 'conflict');
    assert.equal(await rings.writeRing({ version: 12, document: 'far' }, 11), 'conflict');
    assert.deepEqual(await rings.readRing(), { version: 1, document: 'first' });
    assert.equal(await rings.writeRing({ version: 2, document: 'second' }, 1), 'written');
    assert.deepEqual(await rings.readRing(), { version: 2, document: 'second' });
  });

  story('a store with nothing but a ring is unused', async ({ rings }) => {
    assert.equal(await rings.isUnused(), true);
    await rings.writeRing({ version: 1, document: 'ring' }, 0);
    assert.equal(await rings.isUnused(), true);
  });

  story('a store with a portal is used', async ({ rings, portals }) => {
    await portals.create(aPortal('acme'));
    assert.equal(await rings.isUnused(), false);
  });

  story('a store with a client is used, and with its tombstone too', async ({ rings, clients }) => {
    const client = aClient();
    await clients.create(client, FREELY);
    assert.equal(await rings.isUnused(), false);
    await clients.delete(client.client_id, aTombstone(client));
    assert.equal(await rings.isUnused(), false);
  });
}
