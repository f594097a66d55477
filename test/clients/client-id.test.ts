import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { isClientId, newClientId } from '../../src/clients/client-id.ts';

const sixteenBytes = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('S-DCR-06: an id is prefix, fixed length, one alphabet, so that it is no sub, no URL and no other kind of id', () => {
  fc.assert(
    fc.property(sixteenBytes, (bytes) => {
      const id = newClientId(() => bytes);
      assert.match(id, /^cl_[0-9A-Za-z]{22}$/);
      assert.ok(isClientId(id));
      // No form-encoding changes it (S-DCR-29).
      assert.equal(encodeURIComponent(id), id);
    }),
  );
});

test('S-DCR-06: an id asks for 128 random bits and keeps every one of them', () => {
  fc.assert(
    fc.property(sixteenBytes, fc.nat(127), (bytes, bit) => {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.notEqual(
        newClientId(() => bytes),
        newClientId(() => flipped),
      );
    }),
  );
  const asked: number[] = [];
  newClientId((bytes) => {
    asked.push(bytes);
    return randomBytes(bytes);
  });
  assert.deepEqual(asked, [16]);
});

test('ids never collide', () => {
  const count = 20_000;
  assert.equal(new Set(Array.from({ length: count }, () => newClientId(randomBytes))).size, count);
});

test('what is not an id is told without asking the store', () => {
  const id = newClientId(randomBytes);
  const others = [
    '',
    'admin',
    'cl_',
    '__proto__',
    'constructor',
    'https://client.example',
    id.slice(3),
    id.slice(0, -1),
    `${id}0`,
    `${id}\n`,
    `${id}\0`,
    ` ${id}`,
    id.toUpperCase(),
    id.replace('cl_', 'CL_'),
    `${id.slice(0, -1)}ä`,
    `${id.slice(0, -1)}/`,
  ];
  for (const text of others) assert.ok(!isClientId(text), JSON.stringify(text));
  fc.assert(fc.property(fc.string(), (text) => !isClientId(text)));
});
