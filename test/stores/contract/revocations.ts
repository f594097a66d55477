/** What every store of revoked tokens does. */
import assert from 'node:assert/strict';
import type { Revocation, RevocationStore } from '../../../src/tokens/revocation-store.ts';
import type { Implementation } from '../implementations.ts';
import { aRevocation } from '../records.ts';
import { withStore } from './with-store.ts';

export function revocationsContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);

  story('a store without revocations has none to read', async ({ revocations }) => {
    assert.deepEqual(await revocations.readAfter(0), { revocations: [], cursor: 0, more: false });
  });

  story('what was revoked is read back in its order, and only once', async ({ revocations }) => {
    const [first, second] = [aRevocation(), aRevocation({ entry: { list: 'the_list-1', index: 1_048_575 } })];
    await revocations.revoke(first);
    const { cursor, ...page } = await revocations.readAfter(0);
    assert.deepEqual(page, { revocations: [first], more: false });
    await revocations.revoke(second);
    const next = await revocations.readAfter(cursor);
    assert.deepEqual(next.revocations, [second]);
    assert.deepEqual((await revocations.readAfter(next.cursor)).revocations, []);
    assert.deepEqual((await revocations.readAfter(0)).revocations, [first, second]);
  });

  story('a token that is revoked again is told once', async ({ revocations }) => {
    const once = aRevocation();
    await Promise.all([revocations.revoke(once), revocations.revoke(once), revocations.revoke(once)]);
    assert.deepEqual((await revocations.readAfter(0)).revocations, [once]);
  });

  story('another handle reads it as soon as it is acknowledged', async ({ revocations }, place) => {
    const other = await place.open();
    try {
      const revoked = aRevocation();
      await revocations.revoke(revoked);
      assert.deepEqual((await other.revocations.readAfter(0)).revocations, [revoked]);
    } finally {
      await other.close();
    }
  });

  story('more than a page is read page by page', async ({ revocations }) => {
    const all = Array.from({ length: 1005 }, () => aRevocation());
    for (const each of all) await revocations.revoke(each);
    const first = await revocations.readAfter(0);
    assert.deepEqual([first.revocations.length, first.more], [1000, true]);
    assert.deepEqual(await readAll(revocations), all);
  });

  story(
    'what would have expired is forgotten with the next one, and its place is not used again',
    async ({ revocations }) => {
      const over = aRevocation({ expires_at: Math.floor(Date.now() / 1000) - 3600 });
      await revocations.revoke(over);
      const { cursor } = await revocations.readAfter(0);
      const kept = aRevocation();
      await revocations.revoke(kept);
      assert.deepEqual((await revocations.readAfter(0)).revocations, [kept]);
      assert.deepEqual((await revocations.readAfter(cursor)).revocations, [kept]);
    },
  );
}

async function readAll(store: RevocationStore): Promise<readonly Revocation[]> {
  const all: Revocation[] = [];
  let cursor = 0;
  for (;;) {
    const page = await store.readAfter(cursor);
    all.push(...page.revocations);
    cursor = page.cursor;
    if (!page.more) return all;
  }
}
