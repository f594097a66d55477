/** What every store's rate limiter does. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Implementation } from '../implementations.ts';
import { withStore } from './with-store.ts';

export function rateLimitsContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);

  story('a subject takes what its budget holds, and is told when to try again', async (store) => {
    const limiter = store.rateLimiter({ points: 3, windowSeconds: 60 });
    assert.equal(await limiter.take('key_1', 2), undefined);
    assert.equal(await limiter.take('key_1', 1), undefined);
    for (const _ of [1, 2]) {
      const seconds = await limiter.take('key_1', 1);
      assert.ok(seconds !== undefined && seconds >= 58 && seconds <= 60, String(seconds));
    }
    assert.equal(await limiter.take('key_2', 1), undefined);
  });

  story('other limits of the same subject are counted apart', async (store) => {
    const narrow = store.rateLimiter({ points: 1, windowSeconds: 60 });
    const wide = store.rateLimiter({ points: 1, windowSeconds: 600 });
    await narrow.take('key_1', 1);
    assert.notEqual(await narrow.take('key_1', 1), undefined);
    assert.equal(await wide.take('key_1', 1), undefined);
  });

  story('S-DOS-05 the budget is whole again when the window is over', async (store) => {
    const limiter = store.rateLimiter({ points: 1, windowSeconds: 1 });
    assert.equal(await limiter.take('key_1', 1), undefined);
    assert.equal(await limiter.take('key_1', 1), 1);
    await sleep(1050);
    assert.equal(await limiter.take('key_1', 1), undefined);
  });

  story('taking never rejects, not even from a closed store', async (store) => {
    const limiter = store.rateLimiter({ points: 1, windowSeconds: 60 });
    await store.close();
    assert.equal(await limiter.take('key_1', 1), undefined);
    assert.notEqual(await limiter.take('key_1', 1), undefined);
  });
}
