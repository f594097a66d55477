import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whenIdle } from '../../src/lib/when-idle.ts';

test('it acts once after each busy time, and not while requests keep coming', () => {
  let acts = 0;
  const tick = whenIdle(() => {
    acts += 1;
  });
  const after = (requests: number) => {
    tick(requests);
    return acts;
  };
  assert.equal(after(0), 0, 'nothing was asked yet');
  assert.equal(after(10), 0, 'busy');
  assert.equal(after(25), 0, 'still busy');
  assert.equal(after(25), 1, 'quiet for one interval');
  assert.equal(after(25), 1, 'once is enough');
  assert.equal(after(26), 1, 'busy again');
  assert.equal(after(26), 2, 'and quiet again');
});
