/** F-21: what of the log waits, what is lost and what is written, line by line, when nobody takes it for a while. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logOutput, MAX_WAITING_BYTES } from '../../src/telemetry/log-output.ts';
import { eventually } from '../support/eventually.ts';

/** A reader that takes as many bytes as it has room for. */
function reader() {
  let room = Number.POSITIVE_INFINITY;
  let taken = '';
  return {
    take: (bytes: Uint8Array) => {
      if (room === 0) throw Object.assign(new Error('no room'), { code: 'EAGAIN' });
      const part = bytes.subarray(0, room);
      room -= part.length;
      taken += Buffer.from(part).toString('latin1');
      return part.length;
    },
    makeRoom: (bytes: number) => {
      room = bytes;
    },
    taken: () => taken,
  };
}

test('F-21: a line that is taken in parts comes whole, and the next after it', async () => {
  const { take, makeRoom, taken } = reader();
  const output = logOutput(take, () => assert.fail('nothing was lost'));
  makeRoom(3);
  output.write('first\n');
  output.write('second\n');
  assert.equal(taken(), 'fir');
  makeRoom(Number.POSITIVE_INFINITY);
  await eventually(async () => assert.equal(taken(), 'first\nsecond\n'), 5000);
  output.write('third\n');
  assert.equal(taken(), 'first\nsecond\nthird\n', 'without a wait');
});

test('F-21: what waits is bounded, the newest lines are lost, and how many is said once, when it is written again', async () => {
  const { take, makeRoom, taken } = reader();
  const said: number[] = [];
  const output = logOutput(take, (lost) => {
    said.push(lost);
    output.write(`lost ${lost}\n`);
  });
  makeRoom(0);
  const line = (number: number) => `${String(number).padStart(127, '.')}\n`;
  const fitting = MAX_WAITING_BYTES / 128;
  for (let number = 0; number < fitting + 50; number += 1) output.write(line(number));
  assert.equal(output.linesLost(), 50);
  makeRoom(Number.POSITIVE_INFINITY);
  await eventually(async () => assert.ok(taken().endsWith('lost 50\n')), 5000);
  const kept = Array.from({ length: fitting }, (_, number) => line(number)).join('');
  assert.equal(taken(), `${kept}lost 50\n`);
  makeRoom(0);
  output.write('waits\n');
  makeRoom(Number.POSITIVE_INFINITY);
  await eventually(async () => assert.ok(taken().endsWith('waits\n')), 5000);
  assert.deepEqual(said, [50]);
  assert.equal(output.linesLost(), 50);
});

test('F-21: at the end a slow reader gets the rest, and one that does not read keeps nobody', () => {
  const slow = reader();
  slow.makeRoom(0);
  let calls = 0;
  const patient = logOutput(
    (bytes) => {
      calls += 1;
      if (calls === 5) slow.makeRoom(100);
      return slow.take(bytes);
    },
    () => {},
  );
  patient.write('the last line\n');
  patient.lastWords();
  assert.equal(slow.taken(), 'the last line\n');

  const away = reader();
  away.makeRoom(0);
  const output = logOutput(away.take, () => {});
  output.write('nobody hears it\n');
  const began = performance.now();
  output.lastWords();
  assert.ok(performance.now() - began < 2000);
  assert.equal(away.taken(), '');
});
