/** What a process keeps until the store takes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUnfinished } from '../../../src/registration/upstream/unfinished.ts';

test('what is under way is not begun again, and is not done before it has ended', async () => {
  const unfinished = createUnfinished();
  let [begun, end] = [0, () => {}];
  unfinished.add('op_1', () => {
    begun += 1;
    return new Promise((resolve) => {
      end = resolve;
    });
  });
  const first = unfinished.run();
  assert.equal(await unfinished.run('op_1'), false, 'somebody is at it');
  end();
  assert.equal(await first, true);
  assert.equal(await unfinished.run('op_1'), true);
  assert.equal(begun, 1);
});

test('it is bounded: what does not fit is left to recovery', () => {
  const unfinished = createUnfinished();
  const work = async () => {};
  let held = 0;
  while (unfinished.add(`op_${held}`, work)) {
    held += 1;
    assert.ok(held <= 10_000);
  }
  assert.equal(held, 10_000);
});
