import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { KeyRing } from '../../src/keys/key-ring.ts';
import { openKeyRing } from '../../src/keys/open-ring.ts';
import type { Ring } from '../../src/keys/ring.ts';
import { kekId, sealRing } from '../../src/keys/ring-document.ts';
import type { StoredRing } from '../../src/keys/ring-store.ts';
import type { SigningAlg } from '../../src/keys/signing-alg.ts';
import { Refusal } from '../../src/lib/refusal.ts';
import {
  EVERYTHING,
  type FaultyStore,
  faultyStore,
  KEK,
  NOW,
  type Node,
  newRing,
  node,
  OTHER_KEK,
  ringError,
  warnings,
} from './support.ts';

const first = await newRing();
const grown: Ring = { ...first, version: 3, keys: [...first.keys, ...(await newRing(['EdDSA'])).keys] };

// A first start, and a restart

test('a first start creates the ring, stores it, copies it to keys/ and signs with it', async () => {
  const store = faultyStore();
  const it = node(store, { algs: ['RS256', 'ES256'] });
  const ring = await openKeyRing(it);

  assert.equal(ring.source, 'store');
  assert.equal(ring.version, 1);
  assert.equal(store.writes.length, 1);
  assert.equal(copyOf(it), store.stored?.document);
  assert.equal(statSync(it.replica.path).mode & 0o777, 0o600);
  for (const alg of it.algs) await signs(ring, alg);
  assert.deepEqual(warnings(it), []);
});

test('a restart keeps the keys and writes nothing', async () => {
  const store = faultyStore();
  const it = node(store);
  const before = await openKeyRing(it);
  store.unused = false;
  store.writes = [];
  const modified = statSync(it.replica.path).mtimeMs;

  const after = await openKeyRing(it);
  assert.deepEqual(after.jwks(), before.jwks());
  assert.equal(after.ringId, before.ringId);
  assert.deepEqual(store.writes, []);
  assert.equal(statSync(it.replica.path).mtimeMs, modified);
});

test('an algorithm without a key is refused as ring_unavailable, and one that is added later is announced', async () => {
  const store = faultyStore();
  const it = node(store);
  const before = await openKeyRing(it);
  assert.throws(() => before.activeKey('EdDSA', NOW), isUnavailable);

  const after = await openKeyRing({ ...it, algs: ['ES256', 'EdDSA'] });
  assert.equal(after.version, 2);
  assert.equal(after.ringId, before.ringId);
  assert.equal(after.activeKey('ES256', NOW).kid, before.activeKey('ES256', NOW).kid);
  assert.deepEqual(
    after.publishedKeys().map(({ alg }) => alg),
    ['ES256', 'EdDSA'],
  );
  // Verifiers may hold a JWKS without it.
  assert.throws(() => after.activeKey('EdDSA', NOW), isUnavailable);
  assert.equal(copyOf(it), store.stored?.document);
});

test('the key for signing is the same object each time, so nothing is parsed per token', async () => {
  const ring = await openKeyRing(node(faultyStore()));
  assert.equal(ring.activeKey('ES256', NOW), ring.activeKey('ES256', NOW + 1));
});

test('a node without a copy takes the ring of the store and makes one', async () => {
  const store = faultyStore(stored(first));
  const it = node(store);
  const ring = await openKeyRing(it);
  assert.equal(ring.ringId, first.ring_id);
  assert.equal(copyOf(it), store.stored?.document);
  assert.deepEqual(store.writes, []);
});

// Two nodes

test('S-KEY-08: two nodes that start at once on an empty store share one ring', async () => {
  const store = faultyStore();
  const nodes = Array.from({ length: 5 }, () => node(store));
  const rings = await Promise.all(nodes.map((it) => openKeyRing(it)));
  assert.equal(store.writes.length, 1);
  assert.equal(new Set(rings.map((ring) => ring.jwks().etag)).size, 1);
  assert.equal(new Set(nodes.map(copyOf)).size, 1);
});

test('S-KEY-08: two nodes that add a key at once add one', async () => {
  const store = faultyStore(stored(first));
  const nodes = [node(store, { algs: ['ES256', 'EdDSA'] }), node(store, { algs: ['ES256', 'EdDSA'] })];
  const rings = await Promise.all(nodes.map((it) => openKeyRing(it)));
  assert.equal(store.writes.length, 1);
  for (const ring of rings) assert.equal(ring.publishedKeys().length, 2);
  assert.equal(new Set(rings.map((ring) => ring.jwks().etag)).size, 1);
});

test('a node that another one overtook, ring and first portal, takes its ring and refuses nothing', async () => {
  const store = faultyStore();
  store.before.isUnused = () => {
    store.stored = stored(first);
    store.unused = false;
  };
  const ring = await openKeyRing(node(store));
  assert.equal(ring.ringId, first.ring_id);
  assert.deepEqual(store.writes, []);
});

// The store and the copy

test('the newer copy goes into a store that was rolled back, loudly', async () => {
  const store = faultyStore(stored(first));
  const it = nodeWithCopy(store, grown);
  const ring = await openKeyRing(it);
  assert.equal(ring.version, 3);
  assert.deepEqual(store.stored, { version: 3, document: copyOf(it) });
  assert.match(warnings(it).join(), /OLDER KEY RING/);
});

test('the newer ring of the store replaces an old copy, a restored backup for instance', async () => {
  const store = faultyStore(stored(grown));
  const it = nodeWithCopy(store, first);
  const ring = await openKeyRing(it);
  assert.equal(ring.version, 3);
  assert.equal(copyOf(it), store.stored?.document);
  assert.deepEqual(store.writes, []);
});

test('an emptied store gets the copy back, loudly, whether it is in use or not', async () => {
  for (const unused of [true, false]) {
    const store = faultyStore();
    store.unused = unused;
    const it = nodeWithCopy(store, grown);
    const ring = await openKeyRing(it);
    assert.equal(ring.source, 'store');
    assert.deepEqual(store.stored, { version: 3, document: copyOf(it) });
    assert.equal(ring.ringId, first.ring_id);
    assert.match(warnings(it).join(), /LOST ITS KEY RING/);
  }
});

test('a node that puts an old copy back while another puts a newer one takes the newer one', async () => {
  const store = faultyStore();
  store.before.writeRing = () => {
    store.stored = stored(grown);
  };
  const it = nodeWithCopy(store, first);
  const ring = await openKeyRing(it);
  assert.equal(ring.version, 3);
  assert.equal(copyOf(it), store.stored?.document);
  assert.deepEqual(store.writes, []);
});

test('S-JWT-10: another installation’s ring is refused, whichever side it is on, and nothing is written', async () => {
  const foreign = await newRing(['ES256'], 2);
  const store = faultyStore(stored(first));
  const it = nodeWithCopy(store, foreign);
  const before = copyOf(it);
  await assert.rejects(
    openKeyRing(it),
    ringError(
      'ring_mismatch',
      new RegExp(first.ring_id),
      new RegExp(foreign.ring_id),
      /STORE_URL/,
      /ring\.json/,
    ),
  );
  assert.deepEqual(store.writes, []);
  assert.equal(copyOf(it), before);
});

test('one version with two contents is refused: neither side can be known to be the right one', async () => {
  const store = faultyStore(stored(grown));
  const it = nodeWithCopy(store, { ...grown, keys: first.keys });
  await assert.rejects(openKeyRing(it), ringError('ring_diverged', /version 3/, /ring\.json/));
  assert.deepEqual(store.writes, []);
});

// A ring that is gone is never replaced by a new one

test('S-KEY-02, F-20: a store in use that has lost its ring is refused, and no ring is made', async () => {
  const store = faultyStore();
  store.unused = false;
  const it = node(store);
  await assert.rejects(
    openKeyRing(it),
    ringError('ring_lost', /existed and is gone/, /another node's keys directory/, /ring\.json/),
  );
  assert.deepEqual(store.writes, []);
  assert.ok(!existsSync(it.replica.path));
});

// A store that is away

test('R-01: with the store away a node starts from its copy', async () => {
  const store = faultyStore();
  store.down = EVERYTHING;
  const it = nodeWithCopy(store, first);
  const ring = await openKeyRing(it);
  assert.equal(ring.source, 'replica');
  await signs(ring, 'ES256');
  assert.match(warnings(it).join(), /can't be had from the store/);
});

test('with the store away and no copy a node does not start, and says what it needs', async () => {
  const store = faultyStore();
  store.down = EVERYTHING;
  const it = node(store);
  await assert.rejects(openKeyRing(it), ringError('ring_unreachable', /can't be reached/, /does not exist/));
  assert.deepEqual(readdirSync(it.directory), []);
});

test('a store that fails while the first ring is written leaves no copy that the store does not have', async () => {
  const store = faultyStore();
  store.down = new Set(['writeRing']);
  const it = node(store);
  await assert.rejects(openKeyRing(it), ringError('ring_unreachable'));
  assert.deepEqual(readdirSync(it.directory), []);
});

test('a store that can be read and not written serves its ring, without the key it could not take', async () => {
  const store = faultyStore(stored(first));
  store.down = new Set(['writeRing']);
  const it = node(store, { algs: ['ES256', 'EdDSA'] });
  const ring = await openKeyRing(it);
  await signs(ring, 'ES256');
  assert.throws(() => ring.activeKey('EdDSA', NOW), Refusal);
  assert.match(warnings(it).join(), /is due and could not be made/);
});

// Damage

const bad: Record<string, [string, Parameters<typeof ringError>]> = {
  'bit flipped': [flipped(sealRing(KEK, first)), ['ring_damaged', /altered/]],
  truncated: [sealRing(KEK, first).slice(0, 200), ['ring_damaged', /truncated or not JSON/]],
  empty: ['', ['ring_damaged', /truncated or not JSON/]],
  'of a wrong key-encryption key': [
    sealRing(OTHER_KEK, first),
    ['kek_wrong', new RegExp(kekId(KEK)), new RegExp(kekId(OTHER_KEK))],
  ],
};

for (const [name, [document, [code, ...says]]] of Object.entries(bad)) {
  test(`F-20: a ring in the store that is ${name} is refused though the copy is good; nothing is written`, async () => {
    const store = faultyStore({ version: 1, document });
    const it = nodeWithCopy(store, first);
    await assert.rejects(openKeyRing(it), ringError(code, /key ring in the store/, ...says));
    assert.deepEqual(store.writes, []);
  });

  test(`F-20: a copy that is ${name} is refused though the store is good; nothing is written`, async () => {
    const store = faultyStore(stored(first));
    const it = node(store);
    writeFileSync(it.replica.path, document, { mode: 0o600 });
    await assert.rejects(openKeyRing(it), ringError(code, /ring\.json/, ...says));
    assert.equal(copyOf(it), document);
  });

  test(`S-KEY-02: a copy that is ${name} is no reason for a new ring in an unused store`, async () => {
    const store = faultyStore();
    const it = node(store);
    writeFileSync(it.replica.path, document, { mode: 0o600 });
    await assert.rejects(openKeyRing(it), ringError(code));
    assert.deepEqual(store.writes, []);
  });
}

test('S-KEY-05: the version beside the document can not be moved past the one inside', async () => {
  const store = faultyStore({ ...stored(first), version: 9 });
  await assert.rejects(
    openKeyRing(node(store)),
    ringError('ring_damaged', /kept as version 9 but is version 1/),
  );
});

test('S-KEY-01: a copy that others may read stops the start', async () => {
  const it = nodeWithCopy(faultyStore(stored(first)), first);
  chmodSync(it.replica.path, 0o644);
  await assert.rejects(openKeyRing(it), ringError('file_unsafe', /chmod 600/));
});

test('F-18: a keys directory that can not be written costs a warning, not the start', async () => {
  const it = node(faultyStore());
  const write = async (): Promise<void> => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  const ring = await openKeyRing({ ...it, replica: { ...it.replica, write } });
  await signs(ring, 'ES256');
  assert.match(warnings(it).join(), /could not be copied/);
});

function isUnavailable(error: unknown): boolean {
  return error instanceof Refusal && error.reason === 'ring_unavailable';
}

function stored(ring: Ring): StoredRing {
  return { version: ring.version, document: sealRing(KEK, ring) };
}

function nodeWithCopy(store: FaultyStore, ring: Ring): Node {
  const it = node(store);
  writeFileSync(it.replica.path, sealRing(KEK, ring), { mode: 0o600 });
  utimesSync(it.replica.path, NOW, NOW);
  return it;
}

function copyOf(it: Node): string {
  return readFileSync(join(it.directory, 'ring.json'), 'utf8');
}

function flipped(document: string): string {
  const at = document.indexOf('"n"') === -1 ? document.length - 40 : 300;
  return document.slice(0, at) + (document[at] === 'A' ? 'B' : 'A') + document.slice(at + 1);
}

async function signs(ring: KeyRing, alg: SigningAlg): Promise<void> {
  const { kid, sign } = ring.activeKey(alg, NOW);
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg, kid })}.${encode({ sub: 'client' })}`;
  const token = `${signed}.${Buffer.from(await sign(Buffer.from(signed))).toString('base64url')}`;
  await jwtVerify(token, createLocalJWKSet(JSON.parse(ring.jwks().body.toString())));
  assert.equal(decodeJwt(token).sub, 'client');
}
