import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconnectDelayMs } from '../../../src/stores/redis/connect.ts';

test('reconnecting never stops, starts fast, and never pauses for more than a second', () => {
  assert.ok(reconnectDelayMs(1) <= 100);
  for (const attempt of [1, 2, 3, 4, 5, 6, 10, 100, 10_000, 1e9, Number.MAX_SAFE_INTEGER]) {
    const delayMs = reconnectDelayMs(attempt);
    assert.ok(Number.isFinite(delayMs) && delayMs >= 50 && delayMs <= 1000, `attempt ${attempt}: ${delayMs}`);
  }
});
