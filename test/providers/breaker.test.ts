/** The circuit breaker and the bulkhead of one provider, by a clock of the test's own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBreaker } from '../../src/providers/outbound/breaker.ts';
import { createBulkhead } from '../../src/providers/outbound/bulkhead.ts';
import { retryAfterSeconds } from '../../src/providers/outbound/retry-after.ts';

describe('breaker', () => {
  function made() {
    const clock = { nowMs: 1_000_000 };
    return { clock, breaker: createBreaker(() => clock.nowMs) };
  }

  test('five failures in a row open it; a success in between starts the count anew', () => {
    const { breaker } = made();
    for (let i = 0; i < 4; i += 1) breaker.failed();
    breaker.succeeded();
    for (let i = 0; i < 4; i += 1) breaker.failed();
    assert.deepEqual([breaker.state(), breaker.admit()], ['closed', 0]);
    breaker.failed();
    assert.deepEqual([breaker.state(), breaker.admit()], ['open', 5_000]);
  });

  test('after a while one probe goes through, and what becomes of it decides', () => {
    const { breaker, clock } = made();
    for (let i = 0; i < 5; i += 1) breaker.failed();
    clock.nowMs += 5_000;
    assert.equal(breaker.state(), 'half_open');
    assert.equal(breaker.admit(), 0);
    assert.ok(breaker.admit() > 0, 'one probe at a time');
    breaker.failed();
    assert.deepEqual([breaker.state(), breaker.admit()], ['open', 5_000]);
    clock.nowMs += 5_000;
    assert.equal(breaker.admit(), 0);
    breaker.succeeded();
    assert.deepEqual([breaker.state(), breaker.admit(), breaker.admit()], ['closed', 0, 0]);
  });

  test('a probe that was never sent leaves room for the next', () => {
    const { breaker, clock } = made();
    for (let i = 0; i < 5; i += 1) breaker.failed();
    clock.nowMs += 5_000;
    assert.equal(breaker.admit(), 0);
    breaker.abandoned();
    assert.equal(breaker.admit(), 0);
  });

  test('Retry-After opens it at once, for that long and for half a minute at most', () => {
    for (const [askedMs, openMs] of [
      [7_000, 7_000],
      [3_600_000, 30_000],
    ] as const) {
      const { breaker } = made();
      breaker.failed(askedMs);
      assert.equal(breaker.admit(), openMs);
    }
  });
});

describe('bulkhead', () => {
  const never = new AbortController().signal;

  test('so many are under way, as many wait, the next is refused; places are handed on in order', async () => {
    const bulkhead = createBulkhead(2, 1_000);
    const [one, two] = [await bulkhead.enter(never), await bulkhead.enter(never)];
    assert.ok(one !== undefined && two !== undefined);
    const order: string[] = [];
    const third = bulkhead.enter(never).then((leave) => {
      order.push('third');
      return leave;
    });
    const fourth = bulkhead.enter(never).then((leave) => {
      order.push('fourth');
      return leave;
    });
    assert.equal(await bulkhead.enter(never), undefined);
    one();
    one();
    (await third)?.();
    (await fourth)?.();
    assert.deepEqual(order, ['third', 'fourth']);
    two();
    assert.ok((await bulkhead.enter(never)) !== undefined);
    assert.ok((await bulkhead.enter(never)) !== undefined);
  });

  test('who waits gives up at the deadline, and takes no place afterwards', async () => {
    const bulkhead = createBulkhead(1, 1_000);
    const leave = await bulkhead.enter(never);
    const impatient = new AbortController();
    const waiting = bulkhead.enter(impatient.signal);
    impatient.abort();
    assert.equal(await waiting, undefined);
    leave?.();
    assert.ok((await bulkhead.enter(never)) !== undefined);
  });
});

test('nobody waits longer than the place would be worth', async () => {
  const bulkhead = createBulkhead(1, 20);
  const { signal } = new AbortController();
  const leave = await bulkhead.enter(signal);
  assert.equal(await bulkhead.enter(signal), undefined);
  leave?.();
  assert.ok((await bulkhead.enter(signal)) !== undefined, 'and who gave up took no place');
});

test('Retry-After is read as seconds or as a date, and bounded', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  for (const [value, seconds] of [
    ['7', 7],
    ['0', 1],
    ['86400', 60],
    [new Date(nowMs + 9_000).toUTCString(), 9],
    [new Date(nowMs - 9_000).toUTCString(), 1],
    ['soon', undefined],
    ['-1', undefined],
    [undefined, undefined],
  ] as const) {
    assert.equal(retryAfterSeconds(value, nowMs), seconds, value);
  }
});
