/** How long a worker may say nothing, by a clock that is played here. */
import assert from 'node:assert/strict';
import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { watchHeartbeat } from '../../src/compose/heartbeat.ts';

const LIMIT_MS = 5000;

for (const heardMs of [1, 500, 999]) {
  test(`R-13: a worker last heard ${heardMs} ms after a look has its whole limit, and not two seconds more`, (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const worker = new EventEmitter();
    let killed = 0;
    watchHeartbeat(worker as Worker, LIMIT_MS, () => {
      killed += 1;
    });
    t.mock.timers.tick(heardMs);
    worker.emit('message');
    t.mock.timers.tick(LIMIT_MS - 1);
    assert.equal(killed, 0);
    t.mock.timers.tick(2000);
    assert.equal(killed, 1);
  });
}
