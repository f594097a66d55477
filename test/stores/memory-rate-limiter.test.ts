import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asPort } from '../../src/stores/memory-rate-limiter.ts';

test('S-DOS-05 a counter that fails by anything but a "no" shuts nobody out', async () => {
  const limiter = asPort({ consume: () => Promise.reject(new TypeError('a fault of the library')) });
  assert.equal(await limiter.take('key_1', 1), undefined);
});
