/** What depends on the store's own version compare, over the real ones; each node has a handle of its own. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { openKeyRing } from '../../src/keys/open-ring.ts';
import type { RingContext } from '../../src/keys/ring-context.ts';
import type { Store } from '../../src/stores/store.ts';
import { IMPLEMENTATIONS, type Place } from '../stores/implementations.ts';
import { node, OTHER_KEK, ringError, warnings } from './support.ts';

for (const implementation of IMPLEMENTATIONS) {
  suite(`the key ring in ${implementation.name}`, () => {
    let end = async (): Promise<void> => {};
    const stores: Store[] = [];
    before(async () => {
      end = await implementation.start();
    });
    after(async () => {
      for (const store of stores) await store.close();
      await end();
    });

    async function nodeAt(place: Place, changes: Partial<RingContext> = {}) {
      const store = await place.open();
      stores.push(store);
      return node(store.rings, changes);
    }

    test('S-KEY-08: nodes that start at once share one ring, and one added key', async () => {
      const place = implementation.place();
      const nodes = await Promise.all(Array.from({ length: 4 }, () => nodeAt(place)));
      const rings = await Promise.all(nodes.map((it) => openKeyRing(it)));
      assert.equal(new Set(rings.map((ring) => ring.jwks().etag)).size, 1);

      const algs = ['ES256', 'EdDSA'] as const;
      const grown = await Promise.all(nodes.map((it) => openKeyRing({ ...it, algs })));
      assert.deepEqual(
        grown.map((ring) => [ring.version, ring.publishedKeys().length, ring.source]),
        nodes.map(() => [2, 2, 'store']),
      );
      assert.equal(new Set(grown.map((ring) => ring.jwks().etag)).size, 1);
      for (const ring of rings) {
        assert.equal((await ring.refresh()).outcome, 'swapped');
        assert.equal(ring.jwks().etag, grown[0]?.jwks().etag);
      }
      // Each was overtaken by another that added the key.
      assert.deepEqual(
        nodes.flatMap(warnings).filter((text) => !text.includes('OLDER COPY')),
        [],
      );
    });

    test('a restart keeps the keys; under a wrong key-encryption key it is refused', async () => {
      const place = implementation.place();
      const before = await openKeyRing(await nodeAt(place));
      const again = await openKeyRing(await nodeAt(place));
      assert.deepEqual(again.jwks(), before.jwks());
      await assert.rejects(
        openKeyRing(await nodeAt(place, { kek: OTHER_KEK })),
        ringError('kek_wrong', /in the store/),
      );
    });

    test('a copy goes into an emptied store at its own version', async () => {
      const it = await nodeAt(implementation.place(), { algs: ['ES256'] });
      await openKeyRing(it);
      const ring = await openKeyRing({ ...it, algs: ['ES256', 'EdDSA'] });
      const emptied = await nodeAt(implementation.place());
      const back = await openKeyRing({ ...it, store: emptied.store });
      assert.deepEqual([back.version, back.source], [2, 'store']);
      assert.deepEqual(back.jwks(), ring.jwks());
      assert.equal((await emptied.store.readRing())?.version, 2);
    });
  });
}
