/** F-16: a node whose clock was wrong says why its keys are late, and which act helps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leadSeconds } from '../../src/keys/key-life.ts';
import { openKeyRing } from '../../src/keys/open-ring.ts';
import { activate, announce, retire } from '../../src/keys/operate.ts';
import type { RingContext } from '../../src/keys/ring-context.ts';
import { changeRing, synchronise } from '../../src/keys/synchronise.ts';
import { faultyStore, LIFE, NOW, node, warnings } from './support.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** A node that runs with whatever clock it has. */
function clocked(startsAt: number, storeTime: RingContext['storeTime'] = () => undefined) {
  const state = { wall: startsAt, elapsedMs: 0 };
  const it = node(faultyStore(), { now: () => state.wall, elapsedMs: () => state.elapsedMs, storeTime });
  const passes = (seconds: number) => {
    state.wall += seconds;
    state.elapsedMs += seconds * 1000;
  };
  return { it, state, passes };
}

test('F-16: a node that was started months behind rotates when its clock is set, the store’s being its witness', async () => {
  const { it, state } = clocked(NOW - 90 * DAY, () => ({ epochMs: NOW * 1000, withinMs: 0 }));
  const ring = await openKeyRing(it);
  await ring.refresh();
  assert.equal(ring.version, 1);
  state.wall = NOW;
  await ring.refresh();
  assert.equal(ring.version, 2, 'the next key is announced');
  assert.deepEqual(ring.publishedKeys().length, 2);
  assert.deepEqual([[...ring.troubles()], warnings(it)], [[], []]);
});

test('F-16: what it wrote by the slow clock is not over when the clock is right: keys sign after the lead, and go when no token is left', async () => {
  const { it, state, passes } = clocked(NOW - 90 * DAY, () => ({ epochMs: NOW * 1000, withinMs: 0 }));
  const ring = await openKeyRing(it);
  const [first] = ring.publishedKeys();
  await changeRing(it, undefined, announce('ES256').bind(undefined, it));
  await changeRing(it, undefined, activate('ES256', { force: true }).bind(undefined, it));
  await changeRing(it, undefined, announce('ES256').bind(undefined, it));
  await ring.refresh();
  const second = ring.activeKey('ES256', state.wall).kid;
  const third = ring.publishedKeys().at(-1)?.kid;
  state.wall = NOW;
  const story: [number, string][] = [];
  const published = () => ring.publishedKeys().map(({ kid }) => kid);
  while (published().includes(first?.kid ?? '')) {
    if (ring.activeKey('ES256', state.wall).kid !== second && story.length === 0) {
      assert.equal(ring.activeKey('ES256', state.wall).kid, third);
      story.push([state.wall - NOW, 'signs']);
    }
    passes(600);
    await ring.refresh();
  }
  story.push([state.wall - NOW, 'goes']);
  assert.deepEqual(story, [
    [Math.ceil(leadSeconds(LIFE) / 600) * 600, 'signs'],
    [LIFE.retireAfterSeconds, 'goes'],
  ]);
});

test('F-16: without a witness it goes by what elapsed, and says once that a restart helps; which it does', async () => {
  const { it, state, passes } = clocked(NOW - 90 * DAY);
  const ring = await openKeyRing(it);
  state.wall = NOW;
  for (let turn = 0; turn < 3; turn += 1) {
    passes(HOUR);
    await ring.refresh();
  }
  assert.equal(ring.version, 1);
  assert.deepEqual([...ring.troubles()], ['clock']);
  assert.equal(warnings(it).length, 1);
  assert.match(JSON.stringify(it.lines.at(-1)), /went forward while the node ran.*restart the node/);
  const restarted = await openKeyRing(it);
  assert.deepEqual([restarted.version, ...restarted.troubles()], [2]);
});

test('F-16: it is over when the clock is set back', async () => {
  const { it, state } = clocked(NOW);
  const ring = await openKeyRing(it);
  state.wall = NOW + DAY;
  await ring.refresh();
  assert.deepEqual([...ring.troubles()], ['clock']);
  state.wall = NOW;
  await ring.refresh();
  assert.deepEqual([...ring.troubles()], []);
  assert.match(it.lines.at(-1)?.message ?? '', /go by the clock again/);
});

test('F-16: a node that was started years ahead goes back with its clock; that its key is dated ahead is said, and what it says helps', async () => {
  const { it, state, passes } = clocked(NOW + 3650 * DAY);
  const ring = await openKeyRing(it);
  const first = ring.activeKey('ES256', state.wall).kid;
  await changeRing(it, undefined, announce('ES256').bind(undefined, it));
  await ring.refresh();
  state.wall = NOW;
  passes(40 * DAY);
  await ring.refresh();
  assert.equal(ring.activeKey('ES256', state.wall).kid, first, 'nothing signs earlier than it should');
  assert.deepEqual([...ring.troubles()], ['clock']);
  const [said] = it.lines.filter(({ level }) => level === 'warn').slice(-1);
  assert.match(JSON.stringify(said), /\(active\).*\(announced\).*keys retire KID.*keys announce ALG/);

  const { ring: before } = await synchronise(it, undefined);
  const waiting = before.ring.keys.find((key) => key.state === 'announced')?.kid ?? '';
  for (const act of [retire(waiting, { force: false }), announce('ES256')]) {
    assert.ok('changed' in (await changeRing(it, undefined, act.bind(undefined, it))));
  }
  const announcedAt = state.wall;
  while (ring.activeKey('ES256', state.wall).kid === first) {
    passes(10 * 60);
    await ring.refresh();
    assert.ok(state.wall < announcedAt + DAY);
  }
  assert.ok(state.wall >= announcedAt + LIFE.publishLeadSeconds, 'not before the lead');
  assert.deepEqual([...ring.troubles()], []);
});
