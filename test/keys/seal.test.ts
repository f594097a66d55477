import assert from 'node:assert/strict';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { CompactEncrypt, decodeProtectedHeader } from 'jose';
import { deriveKey } from '../../src/keys/derive.ts';
import { publicJwkOf, thumbprint } from '../../src/keys/public-jwk.ts';
import { sealPrivateKey, unsealPrivateKey } from '../../src/keys/seal.ts';
import { generatePrivateKey, signingAlg } from '../../src/keys/signing-alg.ts';
import { KEK, OTHER_KEK } from './support.ts';

test('a private key of every algorithm comes back as it was sealed', async () => {
  for (const alg of signingAlg.options) {
    const privateKey = await generatePrivateKey(alg);
    const kid = kidOf(privateKey);
    const opened = await unsealPrivateKey(KEK, kid, await sealPrivateKey(KEK, kid, privateKey));
    assert.ok(opened.equals(privateKey), alg);
  }
});

test('S-KEY-02: a sealed key opens for its own kid and under its own key only', async () => {
  const [one, other] = [await generatePrivateKey('ES256'), await generatePrivateKey('ES256')];
  const sealed = await sealPrivateKey(KEK, kidOf(one), one);
  await assert.rejects(unsealPrivateKey(KEK, kidOf(other), sealed), /another key or purpose/);
  await assert.rejects(unsealPrivateKey(OTHER_KEK, kidOf(one), sealed), /decryption operation failed/);
});

test('S-KEY-02: what was sealed for another purpose, or by another algorithm, is refused', async () => {
  const key = await generatePrivateKey('ES256');
  const kid = kidOf(key);
  const plaintext = Buffer.from(JSON.stringify(key.export({ format: 'jwk' })));
  const secret = deriveKey(KEK, 'ring-encryption');
  const elsewhere = await new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, purpose: 'idempotency' })
    .encrypt(secret);
  await assert.rejects(unsealPrivateKey(KEK, kid, elsewhere), /another key or purpose/);
  const { purpose } = decodeProtectedHeader(await sealPrivateKey(KEK, kid, key));
  const wrapped = await new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', kid, purpose })
    .encrypt(secret);
  await assert.rejects(unsealPrivateKey(KEK, kid, wrapped), /not allowed/);
});

test('a private key that is not the one its kid names is refused, though sealed by us under that kid', async () => {
  const [one, other] = [await generatePrivateKey('ES256'), await generatePrivateKey('ES256')];
  const sealed = await sealPrivateKey(KEK, kidOf(one), other);
  await assert.rejects(unsealPrivateKey(KEK, kidOf(one), sealed), /private and public key differ/);
});

test('S-KEY-02: every flipped bit of a sealed key is refused', async () => {
  const key = await generatePrivateKey('EdDSA');
  const sealed = await sealPrivateKey(KEK, kidOf(key), key);
  for (let at = 0; at < sealed.length; at += 1) {
    const flipped = Buffer.from(sealed, 'latin1');
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 7));
    // Spare bits of a part's last character may decode to the same bytes; what opens must be the key itself.
    const opened = await unsealPrivateKey(KEK, kidOf(key), flipped.toString('latin1')).catch(() => undefined);
    if (opened !== undefined) assert.ok(opened.equals(key), `character ${at}`);
  }
});

test('S-KEY-06: the sealed form shows the kid and the purpose, and no private member', async () => {
  const key = await generatePrivateKey('ES256');
  const kid = kidOf(key);
  const sealed = await sealPrivateKey(KEK, kid, key);
  assert.deepEqual(decodeProtectedHeader(sealed), {
    alg: 'dir',
    enc: 'A256GCM',
    kid,
    purpose: 'dcr-bridge signing key',
  });
  const { d } = key.export({ format: 'jwk' });
  assert.ok(d !== undefined && !sealed.includes(d));
  assert.throws(() => createPrivateKey(sealed));
});

function kidOf(key: KeyObject): string {
  return thumbprint(publicJwkOf(key));
}
