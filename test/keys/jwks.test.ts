import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { publish } from '../../src/keys/jwks.ts';
import { signingAlg } from '../../src/keys/signing-alg.ts';
import { grownBy, newRing } from './support.ts';

test('S-JWT-12: the JWKS has every public key with kid, alg and use, and not one private member', async () => {
  const ring = await newRing(signingAlg.options);
  const { keys } = JSON.parse(publish(ring).jwks.body.toString());
  assert.deepEqual(
    keys.map((key: { alg: string }) => key.alg),
    signingAlg.options,
  );
  for (const key of keys) {
    const { kty } = key;
    const members =
      { RSA: ['e', 'n'], EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'], AKP: ['pub'] }[kty as string] ?? [];
    assert.deepEqual(Object.keys(key).sort(), ['alg', 'kid', 'kty', 'use', ...members].sort(), key.alg);
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'priv']) assert.ok(!(member in key));
    assert.equal(key.use, 'sig');
  }
});

test('a PEM by kid is the same key as in the JWKS, and a retired key has none', async () => {
  const ring = await newRing(signingAlg.options);
  const { keys, pems } = publish(ring);
  for (const key of keys) {
    const pem = pems.get(key.kid)?.body.toString() ?? '';
    assert.match(pem, /^-----BEGIN PUBLIC KEY-----\n/);
    assert.ok(createPublicKey(pem).equals(createPublicKey({ key, format: 'jwk' })));
  }
  const gone = publish({ ...ring, keys: ring.keys.map((key) => ({ ...key, state: 'retired' as const })) });
  assert.equal(gone.pems.size, 0);
  assert.equal(gone.jwks.body.toString(), '{"keys":[]}');
});

test('S-META-07: the bytes and the strong ETag are the same on every node, and change with the keys', async () => {
  const ring = await newRing(['ES256']);
  const one = publish(ring).jwks;
  const other = publish(structuredClone(ring)).jwks;
  assert.deepEqual(one, other);
  assert.match(one.etag, /^"[\w-]{43}"$/);
  const changed = publish(grownBy(ring, await newRing(['ES256']))).jwks;
  assert.notEqual(changed.etag, one.etag);
});
