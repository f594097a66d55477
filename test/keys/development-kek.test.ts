import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { developmentKeyEncryptionKey } from '../../src/keys/development-kek.ts';
import { parseKeyEncryptionKey } from '../../src/keys/key-encryption-key.ts';
import { tempDir } from '../support/temp.ts';
import { ringError } from './support.ts';

const noRing = async () => false;

test('the development key is made once, for this user only, and is there at the next start', async () => {
  const keys = join(tempDir('keys'), 'keys');
  const first = await developmentKeyEncryptionKey(keys, randomBytes, noRing);
  const again = await developmentKeyEncryptionKey(keys, randomBytes, noRing);
  assert.deepEqual(again, first);
  const path = join(keys, 'development-kek');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(keys).mode & 0o777, 0o700);
  assert.deepEqual(parseKeyEncryptionKey(readFileSync(path, 'utf8').trimEnd()), first);
  assert.deepEqual(readdirSync(keys), ['development-kek']);
});

test('the development key is found again beside the ring that it sealed', async () => {
  const keys = tempDir('keys');
  const first = await developmentKeyEncryptionKey(keys, randomBytes, noRing);
  writeFileSync(join(keys, 'ring.json'), '{}', { mode: 0o600 });
  assert.deepEqual(await developmentKeyEncryptionKey(keys, randomBytes, noRing), first);
});

test('processes that start at once agree on one development key', async () => {
  const keys = tempDir('keys');
  const found = await Promise.all(
    Array.from({ length: 20 }, () => developmentKeyEncryptionKey(keys, randomBytes, noRing)),
  );
  assert.equal(new Set(found.map((kek) => Buffer.from(kek).toString('hex'))).size, 1);
  assert.deepEqual(readdirSync(keys), ['development-kek']);
});

test('S-KEY-02: no development key is made beside a ring that was written under another one', async () => {
  const keys = tempDir('keys');
  writeFileSync(join(keys, 'ring.json'), '{}', { mode: 0o600 });
  await assert.rejects(
    developmentKeyEncryptionKey(keys, randomBytes, noRing),
    ringError('kek_missing', /ring\.json was written under another key-encryption key/, /KEY_ENCRYPTION_KEY/),
  );
  assert.deepEqual(readdirSync(keys), ['ring.json']);
});

test('a development key that is damaged or open to others is refused and stays as it is', async () => {
  const keys = tempDir('keys');
  const path = join(keys, 'development-kek');
  writeFileSync(path, 'cut off', { mode: 0o600 });
  await assert.rejects(
    developmentKeyEncryptionKey(keys, randomBytes, noRing),
    ringError('kek_invalid', /development-kek/),
  );
  assert.equal(readFileSync(path, 'utf8'), 'cut off');
  writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`);
  chmodSync(path, 0o644);
  await assert.rejects(
    developmentKeyEncryptionKey(keys, randomBytes, noRing),
    ringError('file_unsafe', /chmod 600/),
  );
  assert.ok(existsSync(path));
});

test('F-20: none is made where the store has a ring, but one that another process made with that ring is taken', async () => {
  const keys = tempDir('keys');
  await assert.rejects(
    developmentKeyEncryptionKey(keys, randomBytes, async () => true),
    ringError('kek_missing', /ring in the store was written under another/, /restore .*development-kek/),
  );
  assert.deepEqual(readdirSync(keys), []);
  const made = randomBytes(32).toString('base64url');
  const found = await developmentKeyEncryptionKey(keys, randomBytes, async () => {
    writeFileSync(join(keys, 'development-kek'), `${made}\n`, { mode: 0o600 });
    return true;
  });
  assert.deepEqual(found, parseKeyEncryptionKey(made));
});
