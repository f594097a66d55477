/** Nonces for DPoP proofs: good at every node, for their time, and never of anybody else's making. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createCredentials } from '../../src/keys/credentials.ts';
import { NONCE_LIFE_SECONDS, proofNonces } from '../../src/tokens/proof-nonces.ts';
import { NOW } from './support.ts';

const ROOT = randomBytes(32);
const nodeOf = (root: Uint8Array) => proofNonces(createCredentials(root, randomBytes).tagProofNonce);
const [one, other, stranger] = [nodeOf(ROOT), nodeOf(ROOT), nodeOf(randomBytes(32))];

test('what one node gave out every other takes, for four minutes', () => {
  const nonce = one.current(NOW);
  for (const later of [0, 1, NONCE_LIFE_SECONDS]) assert.equal(other.issuedAt(nonce, NOW + later), NOW);
  assert.equal(NONCE_LIFE_SECONDS, 240);
  assert.equal(other.issuedAt(nonce, NOW + NONCE_LIFE_SECONDS + 1), undefined);
  // The clock of the node that gave it out is ahead.
  assert.equal(other.issuedAt(nonce, NOW - 60), NOW);
  assert.equal(other.issuedAt(nonce, NOW - 61), undefined);
});

test('one second has one nonce, the next another', () => {
  assert.equal(one.current(NOW), other.current(NOW));
  assert.notEqual(one.current(NOW + 1), other.current(NOW));
  assert.match(one.current(NOW), /^[\x21\x23-\x5b\x5d-\x7e]{29}$/, 'RFC 9449 section 8.1: NQCHAR');
});

test('S-POP-05: a nonce of another key, of a forged time or of no form is none', () => {
  const nonce = one.current(NOW);
  const [time = '', tag = ''] = nonce.split('.');
  const later = (NOW + 100).toString(36);
  for (const forged of [
    stranger.current(NOW),
    `${later}.${tag}`,
    `${time}.${tag.startsWith('A') ? 'B' : 'A'}${tag.slice(1)}`,
    `${time}.${tag.slice(1)}`,
    `${time.toUpperCase()}.${tag}`,
    `0${time}.${tag}`,
    ` ${nonce}`,
    `${nonce}\n`,
    time,
    `${time}.`,
    '',
    'x',
    undefined,
    null,
    NOW,
    [nonce],
    { nonce },
  ]) {
    assert.equal(one.issuedAt(forged, NOW + 100), undefined, JSON.stringify(forged));
  }
});
