/** How many jobs a thread pool is given, which is played here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolLimit } from '../../src/http/pool-limit.ts';

/** A pool as it would be, and what asks before each job. */
function pool() {
  const state = { nowMs: 1000, waiting: 0, ended: 0, idleTimes: 0 };
  const limit = poolLimit({
    waiting: () => state.waiting,
    ended: () => state.ended,
    idleTimes: () => state.idleTimes,
  });
  return {
    state,
    /** Returns how many of so many jobs were refused. */
    come: (jobs: number) => {
      let refused = 0;
      for (let job = 0; job < jobs; job += 1) {
        if (limit.isFull()) refused += 1;
        else state.waiting += 1;
      }
      return refused;
    },
    /** The pool works for so long, and what it did is heard of. */
    works: (ms: number, perSecond: number) => {
      const jobs = Math.min(state.waiting, (ms * perSecond) / 1000);
      state.nowMs += ms;
      state.waiting -= jobs;
      state.ended += jobs;
      if (jobs > 0 && state.waiting === 0) state.idleTimes += 1;
      limit.look(state.nowMs);
    },
  };
}

test('F-22: 200 jobs at once are taken by a pool that did nothing', () => {
  assert.equal(pool().come(200), 0);
});

test('F-22: a pool takes what it ends in 250 ms, and more of a fast one than of a slow one', () => {
  for (const [perSecond, most] of [
    [200, 100],
    [600, 150],
    [2000, 500],
    [8000, 2000],
  ] as const) {
    const { state, come, works } = pool();
    for (let turn = 0; turn < 300; turn += 1) {
      come(perSecond / 10);
      works(20, perSecond);
    }
    assert.ok(
      Math.abs(state.waiting + perSecond / 50 - most) < most / 10,
      `${perSecond}/s: ${state.waiting}`,
    );
  }
});

test('F-22: bursts of 200 that a slow pool works off before the next one are served, however often they come', () => {
  const { come, works } = pool();
  for (let turn = 0; turn < 100; turn += 1) {
    assert.equal(come(200), 0);
    for (let part = 0; part < 5; part += 1) works(90, 500);
  }
});

test('F-22: a pool that did not run for a while is not taken for a slow one', () => {
  const { state, come, works } = pool();
  for (let turn = 0; turn < 100; turn += 1) {
    come(800);
    works(20, 8000);
  }
  state.nowMs += 2000;
  works(20, 8000);
  works(300, 8000);
  assert.equal(come(1500), 0);
});

test('F-22: when the load is over nobody is refused any more', () => {
  const { come, works } = pool();
  for (let turn = 0; turn < 100; turn += 1) {
    come(800);
    works(20, 2000);
  }
  works(300, 2000);
  for (let turn = 0; turn < 100; turn += 1) {
    assert.equal(come(20), 0);
    works(20, 2000);
  }
});
