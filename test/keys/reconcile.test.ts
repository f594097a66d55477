/** The table of rules when the store and this node have each a ring, as values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconcile } from '../../src/keys/reconcile.ts';
import { nextVersion, type Ring } from '../../src/keys/ring.ts';
import { grownBy, newRing, ringError } from './support.ts';

const FIRST = await newRing();
const [ONE, OTHER] = [await newRing(), await newRing()];
const copy = (ring: Ring) => ({ ring, document: JSON.stringify(ring) });
const decided = (stored: Ring | undefined, ours: Ring | undefined) =>
  reconcile(stored && copy(stored), ours && copy(ours), 'keys/ring.json');

test('the newer of two goes on, and ours is written over the very version that was seen', () => {
  const newer = grownBy(FIRST, ONE);
  assert.deepEqual(decided(newer, FIRST), { action: 'use_stored', copy: copy(newer) });
  assert.deepEqual(decided(FIRST, newer), {
    ...{ action: 'write_ours', copy: copy(newer) },
    expectedVersion: FIRST.version,
  });
  assert.deepEqual(decided(undefined, FIRST), {
    action: 'write_ours',
    copy: copy(FIRST),
    expectedVersion: 0,
  });
});

test('S-KEY-11: two that grew apart from one backup are refused, whichever is newer', () => {
  const [shorter, longer] = [grownBy(FIRST, ONE), nextVersion(FIRST, grownBy(FIRST, OTHER).keys)];
  const later = nextVersion(longer, longer.keys);
  for (const [stored, ours] of [
    [shorter, later],
    [later, shorter],
  ] as const) {
    assert.throws(() => decided(stored, ours), ringError('ring_diverged', /old backup/));
  }
});
