/** A set of keys that was fetched: somebody else's document, of which we take what is ours to take. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { before, test } from 'node:test';
import { exportJWK, type JWK } from 'jose';
import { usableKeys } from '../../src/clients/client-jwks.ts';
import { type ClientKey, newClientKey } from '../support/assertion.ts';

let ec: ClientKey;
let rsa: ClientKey;
before(async () => {
  [ec, rsa] = await Promise.all([newClientKey('ES256', 'ec'), newClientKey('RS256', 'rsa')]);
});

const kids = (keys: ReturnType<typeof usableKeys>) =>
  typeof keys === 'string' ? assert.fail(keys) : keys.map(({ kid }) => kid);

test('keys for others are passed over: for encryption, of other types, too short, damaged', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const others = [
    { ...ec.jwk, kid: 'enc', use: 'enc' },
    { ...rsa.jwk, kid: 'oaep', alg: 'RSA-OAEP-256' },
    { ...rsa.jwk, kid: 'rs512', alg: 'RS512' },
    { kty: 'OKP', crv: 'X25519', x: 'AAAA', kid: 'x25519' },
    { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA', kid: 'pq' },
    { kid: 'nothing' },
    { ...ec.jwk, kid: 'off the curve', x: 'AAAA' },
    { ...short, kid: 'short' },
  ];
  assert.deepEqual(kids(usableKeys({ keys: [...others, ec.jwk, rsa.jwk], more: 1 })), ['ec', 'rsa']);
  assert.equal(usableKeys({ keys: others }), 'NO_USABLE_KEY');
  assert.equal(usableKeys({ keys: [] }), 'NO_USABLE_KEY');
});

test('a key that everybody can read spoils the set', async () => {
  const secret: JWK = await exportJWK(ec.privateKey);
  const ofNewKind = { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA', priv: 'AA' };
  const others = [{ ...rsa.jwk, d: 'AA' }, { ...rsa.jwk, oth: [] }, { kty: 'oct', k: 'AAAA' }, ofNewKind];
  for (const key of [secret, ...others]) assert.equal(usableKeys({ keys: [rsa.jwk, key] }), 'SECRET_KEY');
});

test('what is no set is none, and what is too much is told', () => {
  for (const wrong of [undefined, null, [], {}, 'keys', { keys: {} }, { keys: [7] }, [ec.jwk], ec.jwk])
    assert.equal(usableKeys(wrong), 'NO_KEY_SET', JSON.stringify(wrong));
  const many = (count: number) => ({ keys: Array.from({ length: count }, () => ec.jwk) });
  assert.equal(kids(usableKeys(many(10))).length, 10);
  assert.equal(usableKeys(many(11)), 'TOO_MANY_KEYS');
  assert.equal(usableKeys(many(51)), 'NO_KEY_SET');
});
