/** Nodes on one store and verifiers of every caching habit, through many rotations of virtual time. */
import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KeyRing } from '../../src/keys/key-ring.ts';
import { openKeyRing } from '../../src/keys/open-ring.ts';
import type { RingStore } from '../../src/keys/ring-store.ts';
import { Refusal } from '../../src/lib/refusal.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { faultyStore, LIFE, NOW, type Node, node, warnings } from './support.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
/** As fast as they may be: the next key is announced as soon as the one before it signs. */
const FAST = { ...LIFE, rotationSeconds: 2 * HOUR + 70, retireAfterSeconds: HOUR };

interface Clock {
  atSeconds: number;
}

interface Simulated {
  readonly it: Node;
  readonly ring: KeyRing;
  /** Its way to the store. */
  isCutOff: boolean;
}

async function simulated(
  shared: RingStore,
  clock: Clock,
  skewSeconds: number,
  life = FAST,
): Promise<Simulated> {
  const state = { isCutOff: false };
  const through = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (state.isCutOff) throw new StoreUnavailable('cut off', 'not_done');
    return ask();
  };
  const store: RingStore = {
    readRing: () => through(shared.readRing),
    writeRing: (next, expected) => through(() => shared.writeRing(next, expected)),
    isUnused: () => through(shared.isUnused),
  };
  const it = node(store, {
    life,
    now: () => clock.atSeconds + skewSeconds,
    elapsedMs: () => (clock.atSeconds - NOW) * 1000,
  });
  return Object.assign(state, { it, ring: await openKeyRing(it) });
}

interface Verifier {
  readonly habit: string;
  /** The key that it believes in, from the node that it asks. */
  find(kid: string, atSeconds: number, ask: () => KeyRing): KeyObject | undefined;
}

const keysOf = (ring: KeyRing) =>
  new Map(ring.publishedKeys().map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]));

/** Keeps a set for so long, and asks again for an unknown kid or does not. */
function caching(habit: string, seconds: number, asksAgain: boolean): Verifier {
  let held = { atSeconds: Number.NEGATIVE_INFINITY, keys: new Map<string, KeyObject>() };
  return {
    habit,
    find(kid, atSeconds, ask) {
      const unknown = asksAgain && !held.keys.has(kid);
      if (unknown || atSeconds - held.atSeconds >= seconds) held = { atSeconds, keys: keysOf(ask()) };
      return held.keys.get(kid);
    },
  };
}

/** lua-resty-openidc: asks for each unknown kid, and keeps what it found for a day. */
function perKid(): Verifier {
  const held = new Map<string, { readonly key: KeyObject; readonly atSeconds: number }>();
  return {
    habit: 'one key for a day',
    find(kid, atSeconds, ask) {
      const known = held.get(kid);
      if (known !== undefined && atSeconds - known.atSeconds < 24 * HOUR) return known.key;
      const key = keysOf(ask()).get(kid);
      if (key !== undefined) held.set(kid, { key, atSeconds });
      return key;
    },
  };
}

const habits = (): Verifier[] => [
  caching('never asks again, the longest cache allowed', LIFE.publishLeadSeconds - 1, false),
  caching('ten minutes, asks again', 10 * MINUTE, true),
  caching('asks each time', 0, false),
  perKid(),
];

test('F-13, R-10: 20 rotations over three nodes, one cut off at times, clocks apart: every token verifies at once and at its end', async () => {
  const clock = { atSeconds: NOW };
  const store = faultyStore();
  const nodes: Simulated[] = [];
  for (const skew of [0, 60, 0]) nodes.push(await simulated(store, clock, skew));
  // Each of them asks one node only: what that node has not served it does not know.
  const verifiers = nodes.map(habits);
  const tokens: { kid: string; data: Buffer; signature: Uint8Array; expiresAt: number }[] = [];
  const signed = new Map<string, number>();
  const failures: string[] = [];

  function check(token: (typeof tokens)[number], when: string): void {
    nodes.forEach(({ ring, isCutOff }, at) => {
      // A gateway that asks a node without a store learns nothing new; R-10 is for those that can learn.
      if (isCutOff) return;
      for (const verifier of verifiers[at] ?? []) {
        const key = verifier.find(token.kid, clock.atSeconds, () => ring);
        if (
          key === undefined ||
          !verify('sha256', token.data, { key, dsaEncoding: 'ieee-p1363' }, token.signature)
        ) {
          failures.push(`${when}, ${verifier.habit}, node ${at}`);
        }
      }
    });
  }

  while (rotationsOf(nodes) < 20) {
    clock.atSeconds += 8 * MINUTE - (clock.atSeconds % 7);
    assert.ok(clock.atSeconds < NOW + 100 * HOUR, 'rotations stopped');
    const third = nodes[2];
    // Ten minutes of every three hours, at another phase of the rotation each time.
    if (third) third.isCutOff = (clock.atSeconds - NOW) % (3 * HOUR) > 170 * MINUTE;
    for (const { ring } of nodes) await ring.refresh();
    for (const { ring, it } of nodes) {
      const key = ring.activeKey('ES256', it.now());
      const data = Buffer.from(`${key.kid} ${clock.atSeconds}`);
      const token = {
        kid: key.kid,
        data,
        signature: await key.sign(data),
        expiresAt: clock.atSeconds + LIFE.longestTokenSeconds,
      };
      tokens.push(token);
      signed.set(key.kid, (signed.get(key.kid) ?? 0) + 1);
      check(token, 'at once');
    }
    // Just before they end.
    while (tokens[0] && tokens[0].expiresAt - 1 <= clock.atSeconds + 8 * MINUTE) {
      const token = tokens.shift();
      const here = clock.atSeconds;
      if (token === undefined) break;
      clock.atSeconds = Math.max(here, token.expiresAt - 1);
      check(token, 'at its end');
      clock.atSeconds = here;
    }
  }

  assert.deepEqual(failures, []);
  assert.ok(signed.size >= 20, `${signed.size} keys signed`);
  assert.equal(new Set(nodes.map(({ ring }) => ring.ringId)).size, 1);
});

test('S-KEY-09: a node that is cut off goes on with the key it knows, stops in time, alarms, and does not jump when it is back', async () => {
  const clock = { atSeconds: NOW };
  const store = faultyStore();
  const slow = { ...FAST, rotationSeconds: 4 * HOUR };
  const here = await simulated(store, clock, 0, slow);
  const away = await simulated(store, clock, 0, slow);
  const old = away.ring.activeKey('ES256', clock.atSeconds).kid;
  away.isCutOff = true;
  const pass = async (seconds: number) => {
    const until = clock.atSeconds + seconds;
    while (clock.atSeconds < until) {
      clock.atSeconds += MINUTE;
      await here.ring.refresh();
      await away.ring.refresh();
    }
  };
  const longest = FAST.retireAfterSeconds - FAST.longestTokenSeconds - FAST.clockSkewSeconds;
  await pass(longest - (longest % MINUTE));
  assert.equal(away.ring.activeKey('ES256', clock.atSeconds).kid, old);
  await pass(2 * MINUTE);
  assert.throws(
    () => away.ring.activeKey('ES256', clock.atSeconds),
    (error: unknown) => error instanceof Refusal && error.reason === 'ring_unavailable',
  );
  assert.match(warnings(away.it).join(), /NO TOKEN IS SIGNED/);

  await pass(194 * MINUTE);
  const next = here.ring.activeKey('ES256', clock.atSeconds).kid;
  assert.notEqual(next, old);
  away.isCutOff = false;
  await pass(MINUTE);
  // Its own verifiers have never been shown the next key: for the lead it signs with the one before, if that lives.
  assert.equal(away.ring.activeKey('ES256', clock.atSeconds).kid, old);
  assert.ok(here.ring.publishedKeys().some(({ kid }) => kid === old));
});

test('R-10: a node that is restarted goes on with the key it signed with; one that only just heard of a key waits', async () => {
  const clock = { atSeconds: NOW };
  const store = faultyStore();
  const slow = { ...FAST, rotationSeconds: 4 * HOUR };
  const { it, ring } = await simulated(store, clock, 0, slow);
  const late = await simulated(store, clock, 0, slow);
  const old = ring.activeKey('ES256', NOW).kid;
  const restarted = async (of: Node) => (await openKeyRing(of)).activeKey('ES256', clock.atSeconds).kid;
  late.isCutOff = true;
  for (let turn = 0; turn < 2; turn += 1) {
    clock.atSeconds += 2 * HOUR + 70;
    await ring.refresh();
  }
  const next = ring.activeKey('ES256', clock.atSeconds).kid;
  assert.notEqual(next, old);
  assert.equal(await restarted(it), next);

  // Its verifiers heard nothing of the next key, whatever the ring says and whenever it is restarted.
  late.isCutOff = false;
  await late.ring.refresh();
  assert.equal(await restarted(late.it), old);
  // A node of which nobody knows what it served is a new one.
  for (const damage of ['', 'nonsense', '{"x":-1}', `{"${next}":${clock.atSeconds + HOUR}}`]) {
    writeFileSync(join(it.directory, 'ring.json.served'), damage, { mode: 0o600 });
    assert.equal(await restarted(it), old, damage);
  }
  // A clock that was set forward by the skew does not make the time longer.
  const since = clock.atSeconds - FAST.publishLeadSeconds;
  const record = (seconds: number) =>
    writeFileSync(join(it.directory, 'ring.json.served'), JSON.stringify({ [next]: seconds }), {
      mode: 0o600,
    });
  record(since - FAST.clockSkewSeconds + 1);
  assert.equal(await restarted(it), old);
  record(since - FAST.clockSkewSeconds);
  assert.equal(await restarted(it), next);
});

test('S-KEY-08: nodes that rotate at the same moment make one new key, and one switch', async () => {
  const clock = { atSeconds: NOW };
  const store = faultyStore();
  const nodes = await Promise.all(Array.from({ length: 4 }, () => simulated(store, clock, 0)));
  clock.atSeconds += 60;
  await Promise.all(nodes.map(({ ring }) => ring.refresh()));
  assert.deepEqual(
    store.writes.map(({ version }) => version),
    [1, 2],
  );
  clock.atSeconds += 2 * HOUR + 70;
  await Promise.all(nodes.map(({ ring }) => ring.refresh()));
  await Promise.all(nodes.map(({ ring }) => ring.refresh()));
  assert.equal(new Set(nodes.map(({ ring }) => ring.jwks().etag)).size, 1);
  assert.equal(new Set(nodes.map(({ ring }) => ring.activeKey('ES256', clock.atSeconds).kid)).size, 1);
  assert.equal(rotationsOf(nodes), 1);
});

test('F-18: a node whose disk is full does not rotate: the old key signs, the JWKS stays, and it says so', async () => {
  const clock = { atSeconds: NOW };
  const store = faultyStore();
  const { it, ring } = await simulated(store, clock, 0);
  const before = ring.jwks();
  const signer = ring.activeKey('ES256', clock.atSeconds).kid;
  const full = { ...it, replica: { ...it.replica, write: it.replica.write } };
  const again = await openKeyRing(full);
  full.replica.write = async () => {
    const { RingError } = await import('../../src/keys/ring-error.ts');
    throw new RingError('file_unwritable', 'keys/ring.json can not be written (ENOSPC)');
  };
  clock.atSeconds += 3 * HOUR;
  assert.equal((await again.refresh()).outcome, 'unchanged');
  assert.equal(again.jwks().etag, before.etag);
  assert.equal(again.activeKey('ES256', clock.atSeconds).kid, signer);
  assert.equal(store.stored?.version, ring.version);
  assert.match(warnings(it).join(), /is due and could not be made/);
});

test('F-16: a node whose clock is set an hour ahead does not switch, nor retire, before the time', async () => {
  const clock = { atSeconds: NOW };
  let step = 0;
  const it = node(faultyStore(), {
    life: FAST,
    now: () => clock.atSeconds + step,
    elapsedMs: () => (clock.atSeconds - NOW) * 1000,
  });
  const ring = await openKeyRing(it);
  const first = ring.activeKey('ES256', it.now()).kid;
  clock.atSeconds += 70;
  await ring.refresh();
  step = 2 * HOUR;
  clock.atSeconds += HOUR;
  await ring.refresh();
  assert.equal(ring.activeKey('ES256', it.now()).kid, first);
  clock.atSeconds += HOUR + 70;
  await ring.refresh();
  assert.notEqual(ring.activeKey('ES256', it.now()).kid, first);
});

function rotationsOf(nodes: readonly Simulated[]): number {
  const switched = nodes.flatMap(({ it }) =>
    it.lines.filter(({ fields }) => JSON.stringify(fields).includes('"act":"activate"')),
  );
  return switched.length;
}
