/** Since when a node has served a key: by what really elapsed, and over a restart by its record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextVersion, type Ring, type RingKey } from '../../src/keys/ring.ts';
import { type ServedRecord, servedSince } from '../../src/keys/served-since.ts';
import { LIFE, NOW, newRing } from './support.ts';

const LEAD = LIFE.publishLeadSeconds;
const RING = await newRing();
const KID = RING.keys[0]?.kid ?? '';

function aNode(before: ServedRecord = {}, startsAt = NOW) {
  const state = { now: startsAt, elapsedMs: 77 };
  const clocks = { now: () => state.now, elapsedMs: () => state.elapsedMs };
  const served = servedSince(clocks, LIFE, before);
  return {
    state,
    served,
    passes: (seconds: number) => {
      state.now += seconds;
      state.elapsedMs += seconds * 1000;
    },
  };
}

test('a key is served for the lead when the lead has elapsed, whatever the clock says and whoever asks again', () => {
  const { state, served, passes } = aNode();
  assert.ok(!served.forLead(KID), 'never served');
  served.serves(RING);
  passes(LEAD - 1);
  state.now += 10 * LEAD;
  served.serves(RING);
  assert.ok(!served.forLead(KID));
  passes(1);
  assert.ok(served.forLead(KID));
});

test('a key that was not published for a while begins anew', () => {
  const { served, passes } = aNode();
  served.serves(RING);
  passes(LEAD);
  const gone: readonly RingKey[] = RING.keys.map((key) => ({ ...key, state: 'retired' }));
  const without: Ring = nextVersion(RING, gone);
  served.serves(without);
  assert.ok(!served.forLead(KID));
  assert.deepEqual(served.record(), {});
  served.serves(RING);
  assert.ok(!served.forLead(KID));
});

test('R-10: over a restart the record counts, less the skew that the clock may have been set forward by', () => {
  const before = aNode();
  before.served.serves(RING);
  before.passes(LEAD);
  const record = before.served.record();
  assert.deepEqual(record, { [KID]: NOW });

  const skew = LIFE.clockSkewSeconds;
  for (const [startsAt, isServed] of [
    [NOW + LEAD + skew, true],
    [NOW + LEAD + skew - 1, false],
  ] as const) {
    const after = aNode(record, startsAt);
    after.served.serves(RING);
    assert.equal(after.served.forLead(KID), isServed, `${startsAt - NOW}`);
    assert.deepEqual(after.served.record(), record, 'for the process after this one, too');
  }
});

test('F-16: a record from a time that has not come makes the key a new one', () => {
  const { served, passes } = aNode({ [KID]: NOW + 3600 });
  served.serves(RING);
  assert.deepEqual(served.record(), { [KID]: NOW });
  passes(LEAD);
  assert.ok(served.forLead(KID));
});
