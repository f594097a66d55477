/** The clock of a node, beside the store's and beside what really elapsed: what is said of it, and how often. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClockWatch } from '../../src/telemetry/clock-watch.ts';

const NOW_MS = 1_800_000_000_000;

/** Its clocks go with `pass`; `set` and `storeIs` part them. */
function watched() {
  const lines: string[] = [];
  let elapsedMs = 5000;
  let setByMs = 0;
  let store: { aheadMs: number; withinMs: number } | undefined = { aheadMs: 0, withinMs: 1 };
  const say = (level: string) => (fields: object, message: string) =>
    lines.push(`${level} ${JSON.stringify(fields)} ${message}`);
  const watch = createClockWatch(
    {
      epochMs: () => NOW_MS + elapsedMs + setByMs,
      elapsedMs: () => elapsedMs,
      storeTime: () => store && { epochMs: NOW_MS + elapsedMs + store.aheadMs, withinMs: store.withinMs },
    },
    { info: say('info'), warn: say('warn') },
  );
  return {
    state: watch.state,
    set: (byMs: number) => {
      setByMs += byMs;
    },
    storeIs: (aheadMs: number, withinMs = 1) => {
      store = { aheadMs, withinMs };
    },
    storeIsAway: () => {
      store = undefined;
    },
    /** What is said in so many looks. */
    pass: (looks = 1) => {
      for (let look = 0; look < looks; look += 1) {
        elapsedMs += 2000;
        watch.look();
      }
      return lines.splice(0);
    },
  };
}

test("F-16, S-JWT-13: a clock two minutes from the store's is said once, with what to do, and once when it is over", () => {
  for (const aheadMs of [120_000, -120_000]) {
    const { state, storeIs, pass } = watched();
    assert.deepEqual(pass(10), []);
    storeIs(-aheadMs);
    const [said, ...more] = pass(100);
    assert.match(
      said ?? '',
      new RegExp(`^warn .*"ahead_of_store_seconds":${aheadMs / 1000},.*chronyc tracking`),
    );
    assert.deepEqual(more, []);
    assert.deepEqual(state(), { aheadOfStoreSeconds: aheadMs / 1000, inStep: false, jumps: 0 });
    storeIs(0);
    const [over, ...none] = pass(100);
    assert.match(over ?? '', /^info .* in step again$/);
    assert.deepEqual(none, []);
    assert.equal(state().inStep, true);
  }
});

test('what the way to the store may have made is no difference, and a store that is away says nothing', () => {
  const { state, storeIs, storeIsAway, pass } = watched();
  storeIs(5400, 450);
  assert.deepEqual(pass(3), []);
  storeIs(5500, 450);
  assert.equal(pass(3).length, 1);
  storeIsAway();
  assert.deepEqual(pass(3), []);
  assert.deepEqual(state(), { aheadOfStoreSeconds: undefined, inStep: false, jumps: 0 });
  storeIs(5500, 450);
  assert.deepEqual(pass(3), [], 'it was said before');
  // Near the bound it is not said over and over.
  for (const aheadMs of [4900, 5100, 4900, 5100]) {
    storeIs(aheadMs);
    assert.deepEqual(pass(), []);
  }
  storeIs(2400);
  assert.equal(pass(3).length, 1);
});

test('F-16: a clock that is set while the node runs is noticed, forward and back, also where the store has none', () => {
  const { state, set, storeIsAway, pass } = watched();
  storeIsAway();
  set(900);
  assert.deepEqual(pass(5), [], 'NTP that turns it gently');
  set(3_600_000);
  assert.match(pass(5).join(), /^warn {"forward_seconds":3600} this machine's clock was set[^\n]*$/);
  set(-3_600_000);
  assert.match(pass(5).join(), /^warn {"forward_seconds":-3600} [^\n]*$/);
  assert.equal(state().jumps, 2);
});
