/** What every store keeps of what may be used once. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Implementation } from '../implementations.ts';
import { aClaim } from '../records.ts';
import { withStore } from './with-store.ts';

export function replaysContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);

  story('S-PKJ-03: what was claimed is used, and another claim is not', async ({ replays }) => {
    const claim = aClaim();
    assert.equal(await replays.claim(claim), 'claimed');
    assert.equal(await replays.claim(claim), 'used');
    assert.equal(await replays.claim({ ...claim, ttlSeconds: 1 }), 'used');
    assert.equal(await replays.claim(aClaim()), 'claimed');
  });

  story('S-PKJ-04: of fifty claims at once over two handles one is first', async (store, place) => {
    const other = await place.open();
    try {
      const claim = aClaim();
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).replays.claim(claim)),
      );
      assert.deepEqual(outcomes.toSorted(), ['claimed', ...Array.from({ length: 49 }, () => 'used')]);
    } finally {
      await other.close();
    }
  });

  story('a claim ends with its time, and a second look does not make it longer', async ({ replays }) => {
    const claim = aClaim({ ttlSeconds: 1 });
    assert.equal(await replays.claim(claim), 'claimed');
    assert.equal(await replays.claim({ ...claim, ttlSeconds: 600 }), 'used');
    await sleep(2100);
    assert.equal(await replays.claim(claim), 'claimed');
  });

  story('F-25: what was issued before the store began to remember is forgotten', async ({ replays }) => {
    const claim = aClaim();
    const before = { ...claim, ageSeconds: 30 };
    assert.equal(await replays.claim(before), 'forgotten');
    assert.equal(await replays.claim(claim), 'claimed', 'nothing was kept of what was refused');
  });
}
