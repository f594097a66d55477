/** The ring's plan over years of random lives: what must hold at every moment, on every node. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dueSteps } from '../../src/keys/due-steps.ts';
import {
  activated,
  announced,
  ended,
  type KeyLife,
  leadSeconds,
  leastRetireAfterSeconds,
  longestUnconfirmedSeconds,
} from '../../src/keys/key-life.ts';
import { isPublished, nextVersion, type Ring } from '../../src/keys/ring.ts';
import { signingKey, signingOrder } from '../../src/keys/signing-order.ts';
import { steadyClock } from '../../src/keys/steady-clock.ts';
import { grownBy, LIFE, NOW, newRing } from './support.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const first = await newRing(['ES256']);
const spares = await Promise.all(Array.from({ length: 40 }, () => newRing(['ES256'])));
const nobodyWaits = () => false;

test('R-10: the next key is announced the lead before it signs, the old one retires after that and then is gone', () => {
  const story: string[] = [];
  live(first, LIFE, { hours: 62 * 24, stepSeconds: 600 }, (ring, at) => {
    const told = `${states(ring)}`;
    if (told !== story.at(-1)?.split(': ')[1])
      story.push(`${Math.round((at - NOW) / 600) * 10} min: ${told}`);
  });
  const month = 30 * 24 * 60;
  assert.deepEqual(story, [
    '0 min: active',
    `${month - 120} min: active announced`,
    `${month + 10} min: retiring active`,
    `${month + 10 + 24 * 60} min: retired active`,
    `${month + 10 + month - 120} min: retired active announced`,
    `${month + 20 + month} min: retired retiring active`,
    `${month + 20 + month + 24 * 60} min: retired retired active`,
  ]);
});

const lives = fc
  .record({
    publishLeadSeconds: fc.integer({ min: 60, max: DAY }),
    clockSkewSeconds: fc.integer({ min: 0, max: 120 }),
    refreshSeconds: fc.integer({ min: 1, max: 60 }),
    longestTokenSeconds: fc.integer({ min: 60, max: DAY }),
    readerWaitSeconds: fc.integer({ min: 0, max: DAY }),
    spare: fc.integer({ min: 0, max: DAY }),
    pause: fc.integer({ min: 0, max: 3 * DAY }),
  })
  .map(({ spare, pause, ...life }): KeyLife => {
    const retireAfterSeconds = leastRetireAfterSeconds({ ...life, rotationSeconds: 0 }) + spare;
    const whole = { ...life, retireAfterSeconds, rotationSeconds: 0 };
    return { ...whole, rotationSeconds: leadSeconds(whole) + pause };
  });

test('R-10, R-11: whatever the settings, one key is active, none signs before its lead, none goes while a token lives', () => {
  fc.assert(
    fc.property(
      lives,
      fc.array(fc.integer({ min: 1, max: 3 * HOUR }), { minLength: 5, maxLength: 9 }),
      (life, steps) => {
        const announcedAt = new Map<string, number>();
        const lastSigned = new Map<string, number>();
        let at = NOW;
        let ring: Ring = first;
        for (let turn = 0; turn < 300; turn += 1) {
          at += steps[turn % steps.length] ?? 1;
          ring = after(ring, at, life);
          const active = ring.keys.filter(({ state }) => state === 'active');
          assert.equal(active.length, 1);
          for (const key of ring.keys) {
            if (key.state === 'announced') announcedAt.set(key.kid, announcedAt.get(key.kid) ?? at);
            if (key.state === 'retired') assert.equal(key.sealed_private_key, undefined);
          }
          // The slowest node allowed: its clock is behind and it has not yet seen this version of the ring.
          const slow = signingKey(signingOrder(ring.keys), at - life.clockSkewSeconds, life, () => false);
          for (const signer of [active[0], slow]) {
            assert.ok(signer);
            const since = announcedAt.get(signer.kid);
            if (since !== undefined)
              assert.ok(at - since >= life.publishLeadSeconds, 'signs before its lead');
            lastSigned.set(signer.kid, at);
          }
          for (const [kid, signedAt] of lastSigned) {
            const key = ring.keys.find((each) => each.kid === kid);
            const lives = at < signedAt + life.longestTokenSeconds;
            assert.ok(key && (isPublished(key) || !lives), 'a token outlived its published key');
          }
        }
        assert.equal(new Set(ring.keys.map(({ kid }) => kid)).size, ring.keys.length);
      },
    ),
    { numRuns: 60 },
  );
});

test('S-KEY-09: a node that hears of no store stops signing before others can have unpublished its key', () => {
  fc.assert(
    fc.property(lives, fc.integer({ min: 0, max: DAY }), (life, wait) => {
      // The others switch the moment after it last heard, and retire the key as soon as they may.
      const heardAt = NOW + wait;
      const unpublishedAt = heardAt + life.retireAfterSeconds - life.clockSkewSeconds;
      const lastSigned = heardAt + longestUnconfirmedSeconds(life);
      assert.ok(lastSigned + life.longestTokenSeconds <= unpublishedAt);
      assert.ok(longestUnconfirmedSeconds(life) >= life.refreshSeconds + life.clockSkewSeconds);
    }),
  );
});

test('S-KEY-09: a node follows to the next key when it has served it for the lead, and not before', () => {
  const [older, newer] = twoKeys();
  const order = signingOrder([older, newer]);
  const at = NOW + 10;
  assert.equal(signingKey(order, at, LIFE, (kid) => kid === newer.kid)?.kid, newer.kid);
  assert.equal(signingKey(order, at, LIFE, () => false)?.kid, older.kid);
  // The key before is only good while it stays published beyond the longest token.
  const last = NOW + LIFE.retireAfterSeconds - LIFE.longestTokenSeconds - LIFE.clockSkewSeconds;
  assert.equal(signingKey(order, last, LIFE, () => false)?.kid, older.kid);
  assert.equal(signingKey(order, last + 1, LIFE, () => false)?.kid, newer.kid);
  // The operator's word goes before the lead.
  assert.equal(
    signingKey(signingOrder([older, { ...newer, forced: true }]), at, LIFE, () => false)?.kid,
    newer.kid,
  );
});

test('F-16: a node whose clock is behind by the skew signs with a new key; one further off goes on with the old', () => {
  const order = signingOrder(twoKeys());
  const [older, newer] = [order[1], order[0]];
  const served = () => true;
  assert.equal(signingKey(order, NOW - LIFE.clockSkewSeconds, LIFE, served)?.kid, newer?.kid);
  assert.equal(signingKey(order, NOW - LIFE.clockSkewSeconds - 1, LIFE, served)?.kid, older?.kid);
  // Where there is no old one, refusing would keep no verifier from anything.
  assert.equal(signingKey(signingOrder(first.keys), NOW - 3600, LIFE, served)?.kid, older?.kid);
});

test('F-16: a clock that jumps ahead while a node runs makes nothing due before its time; one set back delays', () => {
  let wall = NOW;
  let elapsedMs = 5000;
  const { now } = steadyClock(
    { now: () => wall, elapsedMs: () => elapsedMs, storeTime: () => undefined },
    60,
  );
  assert.equal(now(), NOW);
  wall += HOUR;
  assert.equal(now(), NOW + 60, 'no further ahead than the skew');
  elapsedMs += HOUR * 1000;
  assert.equal(now(), NOW + HOUR);
  wall -= 2 * HOUR;
  assert.equal(now(), NOW - HOUR);
});

test('F-16: a node that was started two days behind goes by the right clock once it is set, by the store’s as its witness', () => {
  for (const storeJumps of [false, true]) {
    let wall = NOW - 2 * DAY;
    let elapsedMs = 5000;
    // On the same machine its clock is as wrong, and set with ours.
    let storeMs = storeJumps ? wall * 1000 : NOW * 1000;
    const storeTime = () => ({ epochMs: storeMs, withinMs: 100 });
    const { now } = steadyClock({ now: () => wall, elapsedMs: () => elapsedMs, storeTime }, 60);
    assert.equal(now(), NOW - 2 * DAY, 'the witness alone makes nothing due');
    wall = NOW + HOUR;
    elapsedMs += HOUR * 1000;
    storeMs = wall * 1000;
    assert.equal(now(), storeJumps ? NOW - 2 * DAY + HOUR + 60 : NOW + HOUR);
    wall += DAY;
    storeMs = wall * 1000;
    assert.ok(now() <= NOW + HOUR + 60, 'set forward once more, with the store’s: no further than the skew');
    wall = NOW;
    assert.equal(now(), storeJumps ? NOW - 2 * DAY + HOUR + 60 : NOW);
  }
});

test('F-16: the store’s clock counts from when it is first seen', () => {
  let wall = NOW - 2 * DAY;
  let elapsedMs = 0;
  let known: { epochMs: number; withinMs: number } | undefined;
  const { now } = steadyClock({ now: () => wall, elapsedMs: () => elapsedMs, storeTime: () => known }, 60);
  elapsedMs = 20_000;
  wall = NOW;
  assert.equal(now(), NOW - 2 * DAY + 80, 'nobody but the clock itself says so');
  known = { epochMs: NOW * 1000, withinMs: 0 };
  assert.equal(now(), NOW);
});

test('F-16: the key that follows one of a fast clock signs, and the retiring one does not come back when its time is there', () => {
  const [one, other] = spares.slice(0, 2).flatMap(({ keys }) => keys);
  assert.ok(one && other);
  const written = { ...one, state: 'active' as const, activates_at: NOW + 2 * DAY };
  const next = { ...other, state: 'announced' as const, activates_at: NOW };
  const life = { ...LIFE, retireAfterSeconds: 30 * DAY };
  const order = signingOrder(activated([written, next], next.kid, NOW, life, { forced: false }));
  for (const days of [0, 1, 2, 3, 29]) {
    assert.equal(signingKey(order, NOW + days * DAY, life, () => true)?.kid, next.kid, `${days} days`);
  }
});

test('a key that its readers have not fetched waits for them, and no longer than it may', () => {
  const ring = nextVersion(first, announcedIn(first));
  const ready = NOW + leadSeconds(LIFE);
  const due = (at: number, awaited: boolean) => dueSteps(ring, ['ES256'], at, LIFE, () => awaited);
  assert.deepEqual(due(ready - 1, false), []);
  assert.equal(due(ready, false)[0]?.act, 'activate');
  assert.deepEqual(due(ready, true), []);
  assert.deepEqual(due(ready + LIFE.readerWaitSeconds - 1, true), []);
  assert.equal(due(ready + LIFE.readerWaitSeconds, true)[0]?.act, 'activate');
});

test('without rotation nothing is due but what was begun; a new algorithm is announced first', () => {
  const byHand = { ...LIFE, rotationSeconds: 0 };
  assert.deepEqual(dueSteps(first, ['ES256'], NOW + 3650 * DAY, byHand, nobodyWaits), []);
  assert.deepEqual(dueSteps(first, ['ES256', 'EdDSA'], NOW, byHand, nobodyWaits), [
    { act: 'announce', alg: 'EdDSA' },
  ]);
});

test('S-JWT-10: a key that is gone is done with: nothing is due for it any more', () => {
  const [older, newer] = twoKeys();
  for (const state of ['retired', 'tainted'] as const) {
    const ring = nextVersion(first, [...ended([older], older.kid, state, NOW), newer]);
    assert.deepEqual(dueSteps(ring, ['ES256'], NOW + 10 * DAY, LIFE, nobodyWaits), []);
  }
});

test('of two announced keys the one whose time comes first is next', () => {
  const [one, other] = spares.slice(0, 2).flatMap(({ keys }) => keys);
  assert.ok(one && other);
  for (const keys of [
    [one, other],
    [other, one],
  ]) {
    const announced = keys.map((key, at) => ({
      ...key,
      state: 'announced' as const,
      activates_at: NOW + at,
    }));
    const ring = nextVersion(first, [...first.keys, ...announced.toReversed()]);
    const due = dueSteps(ring, ['ES256'], NOW + HOUR, LIFE, nobodyWaits);
    assert.deepEqual(due, [{ act: 'activate', alg: 'ES256', kid: keys[0]?.kid }]);
  }
});

test('one algorithm’s keys say nothing about when another’s are due', async () => {
  const both = grownBy(first, await newRing(['EdDSA']));
  const at = NOW + LIFE.rotationSeconds - leadSeconds(LIFE);
  const announced = nextVersion(both, [...both.keys, ...announcedIn(first).slice(first.keys.length)]);
  assert.deepEqual(
    dueSteps(announced, ['ES256', 'EdDSA'], at, { ...LIFE, readerWaitSeconds: 10 * DAY * 30 }, () => true),
    [{ act: 'announce', alg: 'EdDSA' }],
  );
  const young = both.keys.map((key) => (key.alg === 'ES256' ? { ...key, activates_at: at } : key));
  assert.deepEqual(dueSteps(nextVersion(both, young), ['ES256', 'EdDSA'], at, LIFE, nobodyWaits), [
    { act: 'announce', alg: 'EdDSA' },
  ]);
});

test('of two keys of one moment the active one signs, and one without its private half never', () => {
  const [older, newer] = twoKeys().map((key) => ({ ...key, activates_at: NOW }));
  assert.ok(older && newer);
  for (const keys of [
    [older, newer],
    [newer, older],
  ]) {
    assert.deepEqual(
      signingOrder(keys).map(({ kid }) => kid),
      [newer.kid, older.kid],
    );
  }
  const { sealed_private_key: _, ...publicOnly } = older;
  assert.deepEqual(signingOrder([publicOnly, newer]), [newer]);
});

test('a retired and a tainted key have no private half left', () => {
  for (const state of ['retired', 'tainted'] as const) {
    const [key] = ended(first.keys, first.keys[0]?.kid ?? '', state, NOW + 5);
    assert.equal(key?.state, state);
    assert.equal(key?.ended_at, NOW + 5);
    assert.ok(key && !('sealed_private_key' in key));
  }
});

function announcedIn(ring: Ring, at = NOW, life = LIFE) {
  const spare = spares[ring.keys.length]?.keys[0];
  assert.ok(spare?.sealed_private_key);
  const { kid, alg, public_jwk, sealed_private_key } = spare;
  return announced(ring.keys, { kid, alg, public_jwk, sealed_private_key }, at, life, ring.version + 1);
}

function twoKeys() {
  const keys = announcedIn(first, NOW - leadSeconds(LIFE));
  const [older, newer] = activated(keys, keys[1]?.kid ?? '', NOW, LIFE, { forced: false });
  assert.ok(older && newer);
  return [{ ...older, activates_at: NOW - DAY }, newer] as const;
}

/** The ring after what is due at `at`, as a node would do it. */
function after(ring: Ring, at: number, life: KeyLife): Ring {
  let next = ring;
  for (const step of dueSteps(ring, ['ES256'], at, life, nobodyWaits)) {
    if (step.act === 'announce') {
      // Enough keys for a test; the next ones would be the same story.
      if (next.keys.length < spares.length) next = nextVersion(next, announcedIn(next, at, life));
    } else if (step.act === 'activate') {
      next = nextVersion(next, activated(next.keys, step.kid, at, life, { forced: false }));
    } else next = nextVersion(next, ended(next.keys, step.kid, 'retired', at));
  }
  return next;
}

function live(
  ring: Ring,
  life: KeyLife,
  { hours, stepSeconds }: { hours: number; stepSeconds: number },
  look: (ring: Ring, at: number) => void,
): void {
  let current = ring;
  for (let at = NOW; at < NOW + hours * HOUR; at += stepSeconds) {
    current = after(current, at, life);
    look(current, at);
  }
}

function states(ring: Ring): string {
  return ring.keys.map(({ state }) => state).join(' ');
}
