/** What every lease store does: one holder at a time, until its time is over. */
import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import type { Implementation } from '../implementations.ts';
import { nothingChanges } from './nothing-changes.ts';
import { withStore } from './with-store.ts';

export function leasesContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);

  story(
    'a lease belongs to one holder until it is released, and only that one renews it',
    async ({ leases }, place) => {
      assert.equal(await leases.hold('recovery', 'node-1', 60), true);
      assert.equal(await leases.hold('recovery', 'node-1', 60), true);
      assert.equal(await nothingChanges(place, () => leases.hold('recovery', 'node-2', 60)), false);
      assert.equal(await leases.hold('another', 'node-2', 60), true);
      await nothingChanges(place, () => leases.release('recovery', 'node-2'));
      assert.equal(await leases.hold('recovery', 'node-2', 60), false);
      await leases.release('recovery', 'node-1');
      assert.equal(await leases.hold('recovery', 'node-2', 60), true);
    },
  );

  story('a lease that nobody renews ends by itself', async ({ leases }) => {
    assert.equal(await leases.hold('recovery', 'node-1', 1), true);
    assert.equal(await leases.hold('recovery', 'node-2', 1), false);
    await eventually(async () => assert.ok(await leases.hold('recovery', 'node-2', 60)), 3000);
    assert.equal(await leases.hold('recovery', 'node-1', 1), false);
  });

  story('of many that want a lease at once, one gets it', async ({ leases }) => {
    const nodes = Array.from({ length: 20 }, (_, index) => `node-${index}`);
    const held = await Promise.all(nodes.map((node) => leases.hold('recovery', node, 60)));
    assert.equal(held.filter(Boolean).length, 1);
  });
}
