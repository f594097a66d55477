import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { openKeyRing } from '../../src/keys/open-ring.ts';
import { createReplica } from '../../src/keys/replica.ts';
import type { Ring } from '../../src/keys/ring.ts';
import { sealRing } from '../../src/keys/ring-document.ts';
import type { StoredRing } from '../../src/keys/ring-store.ts';
import { Refusal } from '../../src/lib/refusal.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import {
  EVERYTHING,
  faultyStore,
  grownBy,
  KEK,
  NOTHING,
  NOW,
  newRing,
  node,
  OTHER_KEK,
  ringError,
  warnings,
} from './support.ts';

const first = await newRing();
const grown = grownBy(first, await newRing(['EdDSA']));

test('a refresh that finds the same ring changes nothing', async () => {
  const store = faultyStore(stored(first));
  const ring = await openKeyRing(node(store));
  const before = ring.jwks();
  assert.deepEqual(await ring.refresh(), { outcome: 'unchanged' });
  assert.equal(ring.jwks(), before);
  assert.deepEqual(store.writes, []);
});

test('a refresh swaps in what another node wrote, whole, and copies it to keys/', async () => {
  const store = faultyStore(stored(first));
  const it = node(store);
  const ring = await openKeyRing(it);
  store.stored = stored(grown);
  assert.deepEqual(await ring.refresh(), { outcome: 'swapped' });
  assert.equal(ring.version, 2);
  assert.equal(ring.publishedKeys().length, 2);
  const kid = ring.activeKey('EdDSA', NOW).kid;
  assert.match(ring.pem(kid)?.body.toString() ?? '', /BEGIN PUBLIC KEY/);
  assert.equal(readFileSync(it.replica.path, 'utf8'), store.stored.document);
});

test('R-01: a store that goes away takes nothing with it; it is reported once, and once when it is back', async () => {
  const store = faultyStore(stored(first));
  const it = node(store);
  const ring = await openKeyRing(it);
  const before = ring.jwks();
  store.down = EVERYTHING;
  for (let turn = 0; turn < 3; turn += 1) {
    const refreshed = await ring.refresh();
    assert.ok(refreshed.outcome === 'kept' && refreshed.error instanceof StoreUnavailable);
  }
  assert.equal(ring.jwks(), before);
  assert.equal(ring.activeKey('ES256', NOW).kid, first.keys[0]?.kid);
  assert.equal(warnings(it).length, 1);
  store.down = NOTHING;
  assert.deepEqual(await ring.refresh(), { outcome: 'unchanged' });
  assert.match(it.lines.at(-1)?.message ?? '', /in step with the store again/);
});

const forged: Record<string, [StoredRing, Parameters<typeof ringError>]> = {
  damaged: [
    { version: 2, document: sealRing(KEK, grown).replace('"active"', '"retiring"') },
    ['ring_damaged'],
  ],
  'planted under another key': [{ version: 2, document: sealRing(OTHER_KEK, grown) }, ['kek_wrong']],
  'another installation’s': [stored({ ...grown, ring_id: 'ring_other' }), ['ring_mismatch']],
  'a different version 1': [stored({ ...first, created_at: NOW - 1 }), ['ring_diverged']],
  'not JSON': [{ version: 2, document: 'x' }, ['ring_damaged']],
};

for (const [name, [document, [code]]] of Object.entries(forged)) {
  test(`S-KEY-05: a ring in the store that is ${name} is not taken: the old one goes on`, async () => {
    const store = faultyStore(stored(first));
    const it = node(store);
    const ring = await openKeyRing(it);
    const before = ring.jwks();
    const copy = readFileSync(it.replica.path, 'utf8');
    store.stored = document;
    const refreshed = await ring.refresh();
    assert.ok(refreshed.outcome === 'kept' && ringError(code)(refreshed.error));
    assert.equal(ring.jwks(), before);
    assert.equal(readFileSync(it.replica.path, 'utf8'), copy);
    assert.deepEqual(store.writes, [], 'what is there may be evidence, and may be right');
    assert.equal(warnings(it).length, 1);
  });
}

test('S-KEY-02: a ring rolled back in the store does not come back: the newer one is put there again', async () => {
  const store = faultyStore(stored(grown));
  const it = node(store);
  const ring = await openKeyRing(it);
  store.stored = stored(first);
  assert.deepEqual(await ring.refresh(), { outcome: 'unchanged' });
  assert.equal(ring.version, 2);
  assert.equal(store.stored.version, 2);
  assert.match(warnings(it).join(), /OLDER KEY RING/);
});

test('an emptied store gets the ring back from memory', async () => {
  const store = faultyStore(stored(first));
  const it = node(store);
  const ring = await openKeyRing(it);
  unlinkSync(it.replica.path);
  store.stored = undefined;
  assert.deepEqual(await ring.refresh(), { outcome: 'unchanged' });
  assert.equal(store.writes.length, 1);
  assert.match(warnings(it).join(), /LOST ITS KEY RING/);
});

test('a node that started from its copy meets the store by the same rules', async () => {
  const cases: [StoredRing | undefined, 'unchanged' | 'swapped' | 'kept', number][] = [
    [stored(grown), 'swapped', 2],
    [undefined, 'unchanged', 1],
    [stored({ ...grown, ring_id: 'ring_other' }), 'kept', 1],
  ];
  for (const [inStore, outcome, version] of cases) {
    const store = faultyStore(inStore);
    store.down = EVERYTHING;
    const it = node(store);
    writeFileSync(it.replica.path, sealRing(KEK, first), { mode: 0o600 });
    const ring = await openKeyRing(it);
    assert.equal(ring.source, 'replica');
    store.down = NOTHING;
    assert.equal((await ring.refresh()).outcome, outcome);
    assert.equal(ring.version, version);
    assert.equal(ring.source, outcome === 'kept' ? 'replica' : 'store');
  }
});

test('a key that could not be added at the start is announced when the store can take it', async () => {
  const store = faultyStore(stored(first));
  store.down = new Set(['writeRing']);
  const it = node(store, { algs: ['ES256', 'EdDSA'] });
  const ring = await openKeyRing(it);
  assert.throws(() => ring.activeKey('EdDSA', NOW), Refusal);
  assert.match(warnings(it).join(), /a change of the key ring is due and could not be made/);
  store.down = NOTHING;
  assert.deepEqual(await ring.refresh(), { outcome: 'swapped' });
  assert.equal(ring.publishedKeys().at(-1)?.alg, 'EdDSA');
  assert.match(it.lines.at(-1)?.message ?? '', /as it should be again/);
});

test('F-18: a copy that could not be written is written by a later refresh, without a warning for each', async () => {
  const store = faultyStore(stored(first));
  const it = node(store);
  // Where the directory should be there is something that can't hold a file, until it is put right.
  const directory = `${it.directory}/inner`;
  const replica = createReplica(directory, it.random);
  mkdirSync(directory, { mode: 0o700 });
  const ring = await openKeyRing({ ...it, replica });
  unlinkSync(replica.path);
  mkdirSync(replica.path);
  store.stored = stored(grown);
  assert.deepEqual(await ring.refresh(), { outcome: 'swapped' });
  await ring.refresh();
  assert.equal(warnings(it).length, 1);
  assert.match(warnings(it).join(), /could not be copied/);
  rmdirSync(replica.path);
  await ring.refresh();
  assert.equal(readFileSync(replica.path, 'utf8'), store.stored.document);
  assert.match(it.lines.at(-1)?.message ?? '', /was copied to/);
});

test('refreshes that overlap are one', async () => {
  const store = faultyStore(stored(first));
  const ring = await openKeyRing(node(store));
  let reads = 0;
  const { readRing } = store;
  store.readRing = () => {
    reads += 1;
    return readRing();
  };
  await Promise.all([ring.refresh(), ring.refresh(), ring.refresh()]);
  assert.equal(reads, 1);
  await ring.refresh();
  assert.equal(reads, 2);
});

test('a refresh never rejects, whatever the store throws', async () => {
  const store = faultyStore(stored(first));
  const ring = await openKeyRing(node(store));
  store.readRing = async () => {
    throw new TypeError('a fault of ours');
  };
  assert.equal((await ring.refresh()).outcome, 'kept');
});

test('a store that takes a ring and forgets it ends in an error, not in a loop', async () => {
  const store = faultyStore();
  store.writeRing = async () => 'conflict';
  await assert.rejects(openKeyRing(node(store)), ringError('ring_unreachable'));
});

function stored(ring: Ring): StoredRing {
  return { version: ring.version, document: sealRing(KEK, ring) };
}
