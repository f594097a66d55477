import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { repeat } from '../../src/lib/repeat.ts';

test('runs never overlap, however long one takes', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const repetition = repeat(1, async () => {
    runs += 1;
    running += 1;
    most = Math.max(most, running);
    await sleep(10);
    running -= 1;
  });
  while (runs < 3) await sleep(5);
  repetition.stop();
  assert.equal(most, 1);
});

test('after stop nothing runs, not even what was to follow the run that is on', async () => {
  let runs = 0;
  const repetition = repeat(1, async () => {
    runs += 1;
    await sleep(20);
  });
  while (runs === 0) await sleep(1);
  repetition.stop();
  await sleep(50);
  assert.equal(runs, 1);
});

test('the first run waits too', async () => {
  let runs = 0;
  const repetition = repeat(60_000, async () => {
    runs += 1;
  });
  await sleep(10);
  repetition.stop();
  assert.equal(runs, 0);
});
