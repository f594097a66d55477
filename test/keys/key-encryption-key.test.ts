import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseKeyEncryptionKey, weaknessOf } from '../../src/keys/key-encryption-key.ts';
import { RingError } from '../../src/keys/ring-error.ts';

test('32 random bytes in base64url are a key', () => {
  for (let run = 0; run < 5000; run += 1) {
    const bytes = randomBytes(32);
    assert.deepEqual(Buffer.from(parseKeyEncryptionKey(bytes.toString('base64url'))), bytes);
  }
});

const random = Buffer.from('0b8f6c1d94e2573a7f11c06ed5a8329b4cfe70219d36b85ae3471c0f92d4687e', 'hex');

const refused: Record<string, [string, RegExp]> = {
  nothing: ['', /32 bytes/],
  'a word': ['changeme', /32 bytes/],
  '31 bytes': [random.subarray(1).toString('base64url'), /32 bytes/],
  '33 bytes': [Buffer.concat([random, Buffer.of(9)]).toString('base64url'), /32 bytes/],
  hex: [random.toString('hex'), /32 bytes/],
  'padded base64': [random.toString('base64'), /32 bytes/],
  'a newline at the end': [`${random.toString('base64url')}\n`, /32 bytes/],
  // 43 characters hold 258 bits: the last one has two to spare, which must be zero.
  'spare bits set': [`${random.toString('base64url').slice(0, -1)}9`, /32 bytes/],
};

for (const [name, [text, says]] of Object.entries(refused)) {
  test(`C-12: ${name} is no key-encryption key, and the refusal says how to make one`, () => {
    assert.throws(
      () => parseKeyEncryptionKey(text),
      (error: unknown) => {
        assert.ok(error instanceof RingError);
        assert.equal(error.code, 'kek_invalid');
        assert.match(error.message, says);
        assert.match(error.message, /openssl rand -base64 32/);
        return true;
      },
    );
  });
}

test('a refusal never shows what was given', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8, maxLength: 60 }), (text) => {
      assert.throws(
        () => parseKeyEncryptionKey(text),
        (error: unknown) => error instanceof RingError && !error.message.includes(text),
      );
    }),
  );
});

const weak: Record<string, [string, RegExp]> = {
  zeros: [Buffer.alloc(32).toString('base64url'), /repeats itself/],
  'one byte repeated': [Buffer.alloc(32, 0xa7).toString('base64url'), /repeats itself/],
  'eight bytes repeated': [Buffer.alloc(32, random.subarray(0, 8)).toString('base64url'), /repeats itself/],
  'a pass phrase': [
    Buffer.from('correct horse battery staple 1234').subarray(0, 32).toString('base64url'),
    /is text/,
  ],
  'an ascending row': [Buffer.from(random.map((_, at) => at)).toString('base64url'), /counts/],
  'a row in threes, around 255': [
    Buffer.from(random.map((_, at) => 200 + 3 * at)).toString('base64url'),
    /counts/,
  ],
};

for (const [name, [text, says]] of Object.entries(weak)) {
  test(`C-12: ${name} is told apart from a random key`, () => {
    assert.match(weaknessOf(parseKeyEncryptionKey(text)) ?? '', says);
  });
}

test('nothing is said against a random key', () => {
  for (let run = 0; run < 5000; run += 1) assert.equal(weaknessOf(randomBytes(32)), undefined);
});
