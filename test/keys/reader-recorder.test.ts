import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReaderRecorder } from '../../src/keys/reader-recorder.ts';
import type { Sighting } from '../../src/keys/reader-store.ts';
import { NOW } from './support.ts';

function recorder(expected: readonly string[] = []) {
  const batches: (readonly Sighting[])[] = [];
  const failures: unknown[] = [];
  const state = { down: false };
  const store = {
    addSightings: async (sightings: readonly Sighting[]) => {
      if (state.down) throw new Error('down');
      batches.push(sightings);
    },
  };
  return {
    it: createReaderRecorder(store, new Set(expected), (error) => failures.push(error)),
    batches,
    failures,
    state,
  };
}

test('a fetch is written with the next flush, and again only when it tells something new', async () => {
  const { it, batches } = recorder();
  it.saw('edge', 1, NOW);
  it.saw('edge', 1, NOW + 1);
  await it.flush();
  await it.flush();
  it.saw('edge', 1, NOW + 299);
  await it.flush();
  assert.deepEqual(batches, [[{ reader: 'edge', version: 1, seen_at: NOW + 1 }]]);
  it.saw('edge', 2, NOW + 300);
  await it.flush();
  it.saw('edge', 2, NOW + 600);
  await it.flush();
  assert.deepEqual(
    batches.flat().map(({ version, seen_at }) => [version, seen_at - NOW]),
    [
      [1, 1],
      [2, 300],
      [2, 600],
    ],
  );
});

test('a store that is away loses nothing; strangers are bounded, expected readers are not', async () => {
  const { it, batches, failures, state } = recorder(['edge']);
  state.down = true;
  for (let at = 0; at < 5000; at += 1) it.saw(`stranger-${at}`, 1, NOW);
  it.saw('edge', 1, NOW);
  await it.flush();
  assert.equal(failures.length, 1);
  state.down = false;
  await it.flush();
  const names = batches.flat().map(({ reader }) => reader);
  assert.ok(names.includes('edge'));
  assert.ok(names.length <= 202, `${names.length} names`);
});
