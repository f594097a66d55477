import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { deriveKey } from '../../src/keys/derive.ts';
import { openRing } from '../../src/keys/opened-ring.ts';
import type { Ring } from '../../src/keys/ring.ts';
import { kekId, openRingDocument, sealRing } from '../../src/keys/ring-document.ts';
import { RingError } from '../../src/keys/ring-error.ts';
import { KEK, newRing, OTHER_KEK, ringError } from './support.ts';

const place = { name: 'the test', remedy: 'Do this.' };
const ring = await newRing(['ES256', 'EdDSA']);
const document = sealRing(KEK, ring);

test('a sealed ring is JSON for a person with a tool, and opens to what it was', () => {
  const shown = JSON.parse(document);
  assert.deepEqual(Object.keys(shown), ['format', 'kek_id', 'mac', 'ring']);
  assert.deepEqual(shown.ring, ring);
  assert.deepEqual(openRingDocument({ kek: KEK }, document, place), { ring, kek: KEK });
});

test('S-KEY-02, F-20: every flipped bit is refused, wherever it is', () => {
  const bytes = Buffer.from(document);
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      refused(flipped.toString('utf8'));
    }),
    { numRuns: 3000 },
  );
});

test('S-KEY-02, F-20: every replaced, lost or added byte is refused', () => {
  const bytes = Buffer.from(document);
  const change = fc.record({
    at: fc.nat(bytes.length - 1),
    removed: fc.nat(3),
    added: fc.uint8Array({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(change, ({ at, removed, added }) => {
      const changed = Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
      fc.pre(!changed.equals(bytes));
      refused(changed.toString('utf8'));
    }),
    { numRuns: 3000 },
  );
});

test('F-20: a truncated document is told from one that was altered', () => {
  for (const length of [0, 1, 40, document.length - 1]) {
    const cut = document.slice(0, length);
    assert.throws(
      () => openRingDocument({ kek: KEK }, cut, place),
      ringError('ring_damaged', /truncated or not JSON/),
    );
  }
  const altered = document.replace('"active"', '"tainted"');
  assert.throws(
    () => openRingDocument({ kek: KEK }, altered, place),
    ringError('ring_damaged', /altered/, /Do this\./),
  );
  assert.throws(
    () => openRingDocument({ kek: KEK }, JSON.stringify(ring), place),
    ringError('ring_damaged', /not a key ring as this service writes it/),
  );
});

test('a document that was only laid out anew is refused: its bytes are what is authenticated', () => {
  for (const text of [JSON.stringify(JSON.parse(document), null, 2), `${document}\n`, ` ${document}`]) {
    assert.throws(() => openRingDocument({ kek: KEK }, text, place), ringError('ring_damaged'));
  }
});

test('S-KEY-02: a wrong key-encryption key is told from damage, and both key ids are named', () => {
  assert.throws(
    () => openRingDocument({ kek: OTHER_KEK }, document, place),
    ringError('kek_wrong', new RegExp(kekId(KEK)), new RegExp(kekId(OTHER_KEK)), /KEY_ENCRYPTION_KEY/),
  );
  const relabelled = document.replace(kekId(KEK), kekId(OTHER_KEK));
  assert.throws(() => openRingDocument({ kek: KEK }, relabelled, place), ringError('ring_damaged'));
});

test('a key id says nothing of its key and differs by purpose', () => {
  assert.match(kekId(KEK), /^[\w-]{11}$/);
  assert.notEqual(kekId(KEK), kekId(OTHER_KEK));
  for (const purpose of ['ring-encryption', 'ring-authentication', 'client-secret-pepper'] as const) {
    assert.ok(!Buffer.from(deriveKey(KEK, purpose)).toString('base64url').startsWith(kekId(KEK)));
  }
});

test('S-KEY-05: a public key planted by someone without the key-encryption key is refused', async () => {
  const planted = { ...ring, keys: [...ring.keys, ...(await newRing(['ES256'])).keys] };
  const { mac } = JSON.parse(document);
  const [head] = document.split('"ring":');
  const kept = `${head}"ring":${JSON.stringify(planted)}}`;
  const own = sealRing(OTHER_KEK, planted).replace(kekId(OTHER_KEK), kekId(KEK));
  const unkeyed = kept.replace(
    mac,
    createHmac('sha256', '').update(JSON.stringify(planted)).digest('base64url'),
  );
  for (const forged of [kept, own, unkeyed, kept.replace(`"mac":"${mac}",`, '')]) {
    assert.throws(() => openRingDocument({ kek: KEK }, forged, place), ringError('ring_damaged'));
  }
});

test('S-KEY-02: private keys swapped between kids are refused, even in a document that is authentic', async () => {
  const [one, other] = ring.keys;
  assert.ok(one?.sealed_private_key && other?.sealed_private_key);
  const swapped: Ring = {
    ...ring,
    keys: [
      { ...one, sealed_private_key: other.sealed_private_key },
      { ...other, sealed_private_key: one.sealed_private_key },
    ],
  };
  await assert.rejects(
    openRing({ kek: KEK }, sealRing(KEK, swapped), place),
    ringError('ring_damaged', /private key that can't be unsealed/, new RegExp(one.kid)),
  );
});

test('S-KEY-06: who reads the document learns no private member', async () => {
  const withRsa = await newRing(['RS256', 'ES256', 'EdDSA']);
  const names = new Set<string>();
  JSON.stringify(JSON.parse(sealRing(KEK, withRsa)), (name, value) => {
    names.add(name);
    return value;
  });
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) assert.ok(!names.has(member), member);
});

test('what a later version of the service wrote is named as that, not as damage', () => {
  const later = document.replace('"format":1', '"format":2');
  assert.throws(
    () => openRingDocument({ kek: KEK }, later.replace(/"mac":"[^"]+"/, `"mac":"${'A'.repeat(43)}"`), place),
    ringError('ring_unsupported', /format 2/),
  );
  assert.throws(
    () => openRingDocument({ kek: KEK }, later, place),
    ringError('ring_damaged', /altered/),
    'ours, but for the number',
  );
  const { keys, ...rest } = ring;
  const unknown: Ring = JSON.parse(
    JSON.stringify({ ...rest, keys: keys.map((key) => ({ ...key, alg: 'XX1' })) }),
  );
  assert.throws(
    () => openRingDocument({ kek: KEK }, sealRing(KEK, unknown), place),
    ringError('ring_unsupported', /not understood/, /later/),
  );
});

function refused(text: string): void {
  assert.throws(
    () => openRingDocument({ kek: KEK }, text, place),
    (error: unknown) =>
      error instanceof RingError && ['ring_damaged', 'ring_unsupported', 'kek_wrong'].includes(error.code),
  );
}
