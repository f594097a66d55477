import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { newApiKey, portalKey } from '../../src/portals/api-key.ts';
import { authenticatePortal } from '../../src/portals/authenticate.ts';
import { addPortal, rollPortalKey, setPortalState } from '../../src/portals/manage.ts';
import { isPortalName } from '../../src/portals/portal-name.ts';
import type { PortalRecord } from '../../src/portals/portal-record.ts';
import { ACME, NOW, type Office, OTHER, office } from './support.ts';

let portals: Office;
let acmeKey = '';
let otherKey = '';
before(async () => {
  portals = await office();
  acmeKey = (await addPortal(portals, ACME)) ?? assert.fail();
  otherKey = (await addPortal(portals, OTHER)) ?? assert.fail();
});
after(() => portals.close());

test('a key that we make fits Konnect, is known to scanners and has 256 random bits', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(bytes, fc.nat(255), (random, bit) => {
      const key = newApiKey((count) => random.subarray(0, count));
      assert.match(key, /^[A-Za-z0-9_]{12,256}$/);
      assert.match(key, /^dcrk_[0-9A-Za-z]{43}$/);
      const flipped = Uint8Array.from(random);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.notEqual(
        key,
        newApiKey((count) => flipped.subarray(0, count)),
      );
    }),
  );
});

test('S-KEY-06: what is kept of a key is a keyed hash', async () => {
  const record = await portals.store.read(ACME);
  assert.ok(!JSON.stringify(record).includes(acmeKey.slice(5)));
  assert.deepEqual(Object.keys(record?.keys[0] ?? {}).sort(), ['created_at', 'expires_at', 'hash', 'key_id']);
  const other = portalKey(acmeKey, randomBytes, () => randomBytes(32), NOW);
  assert.notEqual(other.hash, record?.keys[0]?.hash);
});

test('S-TEN-02: a key tells which portal is calling, and only the whole key does', async () => {
  assert.equal(await portals.caller(acmeKey), ACME);
  assert.equal(await portals.caller(otherKey), OTHER);
  const wrong = [
    newApiKey(randomBytes),
    `${acmeKey}0`,
    `${acmeKey}\0`,
    `${acmeKey} `,
    ` ${acmeKey}`,
    acmeKey.slice(0, -1),
    acmeKey.slice(5),
    acmeKey.toLowerCase(),
    `${acmeKey}${'0'.repeat(300)}`,
    ACME,
    '*',
    '__proto__',
    (await portals.store.read(ACME))?.keys[0]?.hash ?? '',
    (await portals.store.read(ACME))?.keys[0]?.key_id ?? '',
  ];
  for (const key of wrong) assert.equal(await portals.refuses(key), 'key_unknown', key);
  for (const none of [undefined, '']) assert.equal(await portals.refuses(none), 'key_missing');
});

test('calls are counted under the id of the key: of two keys of a portal each has its own', async () => {
  const name = 'two-keys' as typeof ACME;
  const first = (await addPortal(portals, name)) ?? assert.fail();
  const second = (await rollPortalKey(portals, name, 60)) ?? assert.fail();
  const ids = (await portals.store.read(name))?.keys.map(({ key_id }) => key_id);
  assert.deepEqual(
    [await portals.authenticate(second), await portals.authenticate(first)],
    ids?.map((subject) => ({ portal: name, subject })),
  );
});

test('F-28: any single change of a key is refused', async () => {
  const change = fc.tuple(fc.nat(acmeKey.length - 1), fc.integer({ min: 0, max: 0x2ff }));
  await fc.assert(
    fc.asyncProperty(change, async ([at, code]) => {
      const changed = acmeKey.slice(0, at) + String.fromCharCode(code) + acmeKey.slice(at + 1);
      if (changed !== acmeKey) assert.equal(await portals.refuses(changed), 'key_unknown');
    }),
  );
});

test('two long keys that begin alike are two keys', async () => {
  const long = 'x'.repeat(255);
  await addPortal(portals, 'long' as typeof ACME, `${long}a`);
  assert.equal(await portals.caller(`${long}a`), 'long');
  for (const key of [`${long}b`, long, `${long}ab`, `${long}a${'c'.repeat(1000)}`]) {
    assert.equal(await portals.refuses(key), 'key_unknown');
  }
});

test('S-TEN-06: a rolled key is refused at once, or works beside the new one until the overlap ends', async () => {
  const name = 'rolling' as typeof ACME;
  const first = (await addPortal(portals, name)) ?? assert.fail();
  const second = (await rollPortalKey(portals, name, 0)) ?? assert.fail();
  assert.equal(await portals.refuses(first), 'key_unknown');
  assert.equal(await portals.caller(second), name);
  assert.equal((await portals.store.read(name))?.keys.length, 1, 'and is not kept');
  const third = (await rollPortalKey(portals, name, 60)) ?? assert.fail();
  assert.equal(await portals.caller(second), name);
  assert.equal(await portals.caller(third), name);
  const fourth = (await rollPortalKey(portals, name, 3600)) ?? assert.fail();
  portals.time = NOW + 60;
  assert.equal(await portals.caller(second), name, 'the second that it was made in had begun already');
  portals.time = NOW + 61;
  assert.equal(
    await portals.refuses(second),
    'key_unknown',
    'a longer overlap does not lengthen an earlier one',
  );
  assert.equal(await portals.caller(third), name);
  portals.time = NOW + 3601;
  assert.equal(await portals.refuses(third), 'key_unknown');
  assert.equal(await portals.caller(fourth), name);
  portals.time = NOW;
  assert.equal(new Set([first, second, third, fourth]).size, 4);
  assert.equal(await rollPortalKey(portals, 'nobody' as typeof ACME, 0), undefined);
});

test('S-TEN-06: a disabled portal is refused at once, and accepted again when it is enabled', async () => {
  assert.ok(await setPortalState(portals, OTHER, 'disabled'));
  assert.equal(await portals.refuses(otherKey), 'portal_disabled');
  const rolled = (await rollPortalKey(portals, OTHER, 0)) ?? assert.fail();
  assert.equal(await portals.refuses(rolled), 'portal_disabled', 'a new key does not enable it');
  assert.ok(await setPortalState(portals, OTHER, 'active'));
  assert.equal(await portals.caller(rolled), OTHER);
  assert.equal(await setPortalState(portals, 'nobody' as typeof ACME, 'disabled'), false);
});

test('S-TEN-03: the hash is computed for every key, and the found hash is compared whole', async () => {
  const record = (await portals.store.read(ACME)) ?? assert.fail();
  let hashes = 0;
  const counting = (key: string) => {
    hashes += 1;
    return portals.hash(key);
  };
  // A store whose index lies: it answers with a portal that has no such key.
  const lying = (answer: PortalRecord) => ({
    store: { ...portals.store, findByKeyHash: async () => answer },
    hash: counting,
  });
  await assert.rejects(authenticatePortal(lying(record), newApiKey(randomBytes), NOW), {
    reason: 'key_unknown',
  });
  const cut = { ...record, keys: record.keys.map((key) => ({ ...key, hash: key.hash.slice(0, 20) })) };
  await assert.rejects(authenticatePortal(lying(cut), acmeKey, NOW), { reason: 'key_unknown' });
  assert.equal(hashes, 2);
});

test('a store that does not answer is not an unknown key', async () => {
  const unavailable = new StoreUnavailable('portals.findByKeyHash', 'not_done');
  const down = { ...portals.store, findByKeyHash: () => Promise.reject(unavailable) };
  await assert.rejects(
    authenticatePortal({ store: down, hash: portals.hash }, acmeKey, NOW),
    (error) => error === unavailable,
  );
});

test('acts on one portal at the same time are all done, one after the other', async () => {
  const name = 'busy' as typeof ACME;
  await addPortal(portals, name);
  const keys = await Promise.all(Array.from({ length: 5 }, () => rollPortalKey(portals, name, 60)));
  for (const key of keys) assert.equal(await portals.caller(key), name);
  assert.equal((await portals.store.read(name))?.version, 6);
});

test("a portal's name is a plain word", () => {
  for (const name of ['a', 'acme-portal', 'A.b_c-1', 'constructor', 'x'.repeat(63)])
    assert.ok(isPortalName(name), name);
  for (const name of ['', '*', '-a', '.a', '__proto__', 'a b', 'a/b', 'a\n', 'ä', 'x'.repeat(64)]) {
    assert.ok(!isPortalName(name), name);
  }
});
