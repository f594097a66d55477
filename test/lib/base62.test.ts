import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { base62Length, toBase62 } from '../../src/lib/base62.ts';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The way back, written here on its own: what it does not find again was lost. */
function decode(text: string, bytes: number): Uint8Array {
  const value = [...text].reduce((sum, digit) => sum * 62n + BigInt(DIGITS.indexOf(digit)), 0n);
  return Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex');
}

test('no bit is lost, for any bytes of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
      assert.deepEqual([...decode(toBase62(bytes), bytes.length)], [...bytes]);
    }),
  );
});

test('the length depends on the number of bytes alone, and the alphabet is letters and digits', () => {
  assert.deepEqual([16, 32].map(base62Length), [22, 43]);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
      const text = toBase62(bytes);
      assert.equal(text.length, base62Length(bytes.length));
      assert.match(text, /^[0-9A-Za-z]+$/);
    }),
  );
  assert.equal(toBase62(new Uint8Array(16)), '0'.repeat(22));
});
