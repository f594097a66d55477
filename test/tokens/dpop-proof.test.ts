/** What of a proof is judged when it has to have a nonce, after its signature. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { requireNonce, verifyProof } from '../../src/tokens/dpop-proof.ts';
import { NONCE_LIFE_SECONDS, proofNonces } from '../../src/tokens/proof-nonces.ts';
import { TokenRefusal } from '../../src/tokens/token-refusal.ts';
import { type ClientKey, newClientKey } from '../support/assertion.ts';
import { proofOf } from '../support/proof.ts';
import { NOW } from './support.ts';

const issuer = 'https://auth.example';
const nonces = proofNonces((text) => Buffer.alloc(32, text));
let key: ClientKey;
before(async () => {
  key = await newClientKey();
});

const verified = (proof: string, nowSeconds: number) =>
  verifyProof(proof, { method: 'POST', url: `${issuer}/oauth2/token`, nowSeconds, nonces });

test('S-POP-05: a nonce that ends while the client authenticates is asked for anew', async () => {
  const proof = await proofOf(key, issuer, { nonce: nonces.current(NOW) });
  assert.doesNotThrow(() => requireNonce(proof, { nonces, nowSeconds: NOW + NONCE_LIFE_SECONDS }));
  await assert.rejects(verified(proof, NOW + NONCE_LIFE_SECONDS + 1), (error) => {
    assert.ok(error instanceof TokenRefusal);
    assert.equal(error.error, 'use_dpop_nonce');
    return true;
  });
});

test('a proof is remembered from when its nonce was given out until that is too old', async () => {
  const proof = await proofOf(key, issuer, { nonce: nonces.current(NOW), iat: 0 });
  const { ageSeconds, leftSeconds } = await verified(proof, NOW + 100);
  assert.equal(ageSeconds, 100);
  assert.equal(leftSeconds, NONCE_LIFE_SECONDS - 100 + 1);
});
