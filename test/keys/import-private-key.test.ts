import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { importPrivateKey } from '../../src/keys/import-private-key.ts';
import { generatePrivateKey, signingAlg } from '../../src/keys/signing-alg.ts';

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const jwkOf = (key: KeyObject, more: object = {}): string =>
  JSON.stringify({ ...key.export({ format: 'jwk' }), ...more });

test('a key of every algorithm is taken, as PEM and as JWK', async () => {
  for (const alg of signingAlg.options) {
    const key = await generatePrivateKey(alg);
    for (const text of [pemOf(key), jwkOf(key)]) {
      const imported = importPrivateKey(text, alg, undefined);
      assert.ok('privateKey' in imported && imported.privateKey.equals(key), alg);
      assert.equal(imported.alg, alg);
    }
  }
});

test('a key that fits one algorithm, or a JWK that says which, needs no word about it', async () => {
  for (const alg of ['ES256', 'EdDSA', 'ML-DSA-44'] as const) {
    const imported = importPrivateKey(pemOf(await generatePrivateKey(alg)), undefined, undefined);
    assert.ok('alg' in imported && imported.alg === alg);
  }
  const rsa = await generatePrivateKey('PS256');
  const stated = importPrivateKey(jwkOf(rsa, { alg: 'PS256' }), undefined, undefined);
  assert.ok('alg' in stated && stated.alg === 'PS256');
});

test('what does not sign, is weak, is of another algorithm, or can not be opened is refused, and not shown', async () => {
  const rsa = await generatePrivateKey('RS256');
  const sealed = rsa
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' })
    .toString();
  const rows: readonly (readonly [string, Parameters<typeof importPrivateKey>, RegExp])[] = [
    ['ambiguous', [pemOf(rsa), undefined, undefined], /RS256 or PS256: say which/],
    ['another algorithm', [pemOf(rsa), 'ES256', undefined], /a key for RS256 or PS256$/],
    ['a JWK for HS256', [jwkOf(rsa, { alg: 'HS256' }), undefined, undefined], /a key for RS256 or PS256$/],
    [
      'weak',
      [pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), 'RS256', undefined],
      /less than 2048 bits/,
    ],
    [
      'another curve',
      [pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey), undefined, undefined],
      /does not sign here/,
    ],
    ['x25519', [pemOf(generateKeyPairSync('x25519').privateKey), undefined, undefined], /does not sign here/],
    ['symmetric', [JSON.stringify({ kty: 'oct', k: 'c2VjcmV0' }), undefined, undefined], /no private key/],
    ['no passphrase', [sealed, 'RS256', undefined], /no private key.*passphrase/],
    ['a wrong passphrase', [sealed, 'RS256', 'wrong'], /no private key.*passphrase/],
    [
      'a public key',
      [
        generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        undefined,
        undefined,
      ],
      /no private key/,
    ],
    ['nothing', ['', undefined, undefined], /no private key/],
  ];
  for (const [name, given, says] of rows) {
    const imported = importPrivateKey(...given);
    assert.ok('refused' in imported, name);
    assert.match(imported.refused, says, name);
    assert.ok(!imported.refused.includes('c2VjcmV0'));
  }
  const opened = importPrivateKey(sealed, 'RS256', 'right');
  assert.ok('privateKey' in opened);
});
