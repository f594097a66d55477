import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { derToJose } from '../../src/keys/ecdsa-signature.ts';

const SIZE = 32;

test('2000 real signatures survive the conversion, short r and s among them', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let short = 0;
  for (let index = 0; index < 2000; index += 1) {
    const data = Buffer.from(`message ${index}`);
    const jose = derToJose(sign('sha256', data, privateKey), SIZE);
    assert.equal(jose.length, 2 * SIZE);
    if (jose[0] === 0 || jose[SIZE] === 0) short += 1;
    assert.ok(verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, jose));
  }
  assert.ok(short > 0, 'none of 2000 had a leading zero, which happens once in 10^6 runs');
});

test('any r and s, down to one byte, is padded to its place', () => {
  const integer = fc.uint8Array({ minLength: 1, maxLength: SIZE });
  fc.assert(
    fc.property(integer, integer, (r, s) => {
      const jose = derToJose(der(r, s), SIZE);
      assert.deepEqual(Buffer.from(jose), Buffer.concat([padded(r), padded(s)]));
    }),
    { numRuns: 2000 },
  );
});

test('what is not one DER signature throws instead of becoming a wrong one', () => {
  const good = der(Uint8Array.of(1), Uint8Array.of(2));
  const cases: Record<string, Uint8Array> = {
    empty: new Uint8Array(),
    'cut off': good.subarray(0, -1),
    'one byte more inside': Buffer.from([0x30, good.length - 1, ...good.subarray(2), 0]),
    'an integer one byte past the end': Buffer.from(good).fill(0x02, 6, 7),
    'one byte more': Buffer.concat([good, Buffer.of(0)]),
    'not a sequence': Buffer.concat([Buffer.of(0x31), good.subarray(1)]),
    'not an integer': Buffer.from(good).fill(0x03, 2, 3),
    'an integer past the end': Buffer.from(good).fill(0x7f, 3, 4),
    'an integer too large': der(new Uint8Array(SIZE + 1).fill(0x11), Uint8Array.of(1)),
  };
  for (const [name, input] of Object.entries(cases)) {
    assert.throws(() => derToJose(input, SIZE), /not a DER signature/, name);
  }
});

/** X.690 section 8.3: the shortest two's complement form, so a zero in front of a set top bit. */
function der(r: Uint8Array, s: Uint8Array): Uint8Array {
  const body = Buffer.concat([derInteger(r), derInteger(s)]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

function derInteger(value: Uint8Array): Buffer {
  const first = value.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Buffer.of(0) : Buffer.from(value.subarray(first));
  const content = (digits[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits;
  return Buffer.concat([Buffer.of(0x02, content.length), content]);
}

function padded(value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.alloc(SIZE - value.length), value]);
}
