/** What is a second word of the operator's and what an echo of the first, by a clock that is played here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stopSignal } from '../../src/lib/stop-signal.ts';

for (const [afterMs, exits] of [
  [0, []],
  [900, []],
  [1100, [1]],
] as const) {
  test(`R-14: a signal ${afterMs} ms after the first one ${exits.length > 0 ? 'ends it at once' : 'is its echo'}`, async (t) => {
    let nowMs = 5000;
    t.mock.method(performance, 'now', () => nowMs);
    const exit = t.mock.method(process, 'exit', (() => {}) as never);
    const before = process.listeners('SIGINT');
    const told = stopSignal();
    process.emit('SIGINT');
    await told;
    nowMs += afterMs;
    process.emit('SIGINT');
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      for (const listener of process.listeners(signal)) {
        if (!before.includes(listener)) process.off(signal, listener);
      }
    }
    assert.deepEqual(
      exit.mock.calls.map(({ arguments: [code] }) => code),
      exits,
    );
  });
}
