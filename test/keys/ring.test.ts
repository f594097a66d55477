import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { publicJwk, thumbprint } from '../../src/keys/public-jwk.ts';
import {
  missingAlgs,
  nextVersion,
  publishedKeys,
  type Ring,
  ring as ringSchema,
} from '../../src/keys/ring.ts';
import { signingAlg } from '../../src/keys/signing-alg.ts';
import { grownBy, NOW, newRing } from './support.ts';

type Key = Ring['keys'][number];

test('S-JWT-10: a kid is the RFC 7638 thumbprint, in whatever order the members come', async () => {
  const { keys } = await newRing(signingAlg.options);
  for (const { kid, alg, public_jwk } of keys) {
    assert.equal(kid, await calculateJwkThumbprint(public_jwk), alg);
    const reversed = Object.fromEntries(Object.entries(public_jwk).reverse());
    assert.equal(kid, thumbprint(publicJwk.parse(reversed)), alg);
  }
});

test('S-JWT-10: a kid can name no other key, nor two', async () => {
  const one = await newRing(['ES256']);
  const other = await newRing(['ES256']);
  const borrowed = { ...key(one), public_jwk: key(other).public_jwk };
  assert.match(problem({ ...one, keys: [borrowed] }), /not the thumbprint/);
  assert.match(problem({ ...one, keys: [key(one), key(one)] }), /occurs twice/);
  assert.equal(problem(one), '');
});

test('a private member has no place in a public key, an active key none without its private half', async () => {
  const ring = await newRing(['ES256']);
  const leaking = { ...key(ring), public_jwk: { ...key(ring).public_jwk, d: 'AAAA' } };
  assert.match(problem({ ...ring, keys: [leaking] }), /Unrecognized key/);
  const { sealed_private_key: _, ...unsealed } = key(ring);
  assert.match(problem({ ...ring, keys: [unsealed] }), /no private key/);
  assert.equal(problem({ ...ring, keys: [{ ...unsealed, state: 'retiring' }] }), '');
});

test('S-JWT-12: what is published carries kid, alg and use, in every state that is published', async () => {
  const ring = await newRing(['ES256']);
  for (const state of ['announced', 'active', 'retiring'] as const) {
    const [entry] = publishedKeys(inState(ring, state));
    assert.equal(entry?.kid, key(ring).kid, state);
    assert.equal(entry?.alg, 'ES256');
    assert.equal(entry?.use, 'sig');
  }
  for (const state of ['retired', 'tainted'] as const) {
    assert.deepEqual(publishedKeys(inState(ring, state)), [], state);
  }
});

test('two keys of one algorithm can not be active, and a key is of its algorithm', async () => {
  const ring = await newRing(['ES256']);
  assert.match(problem(grownBy(ring, await newRing(['ES256']))), /two keys of one algorithm are active/);
  assert.match(problem({ ...ring, keys: [{ ...key(ring), alg: 'EdDSA' }] }), /not of its algorithm/);
});

test('a ring knows what it lacks, and grows by a version', async () => {
  const ring = await newRing(['ES256']);
  assert.deepEqual(missingAlgs(ring, ['ES256', 'EdDSA']), ['EdDSA']);
  const grown = grownBy(ring, await newRing(['EdDSA']));
  assert.deepEqual(missingAlgs(grown, ['ES256', 'EdDSA']), []);
  assert.equal(grown.version, ring.version + 1);
  assert.equal(grown.ring_id, ring.ring_id);
});

test('members that a later version of the service wrote are kept', async () => {
  const ring = await newRing(['ES256']);
  const later = { ...ring, next_rotation_at: NOW, keys: [{ ...key(ring), note: 'x' }] };
  const parsed = ringSchema.parse(later);
  assert.deepEqual(nextVersion(parsed, parsed.keys), { ...later, version: 2 });
});

function key({ keys: [first] }: Ring): Key {
  assert.ok(first);
  return first;
}

function inState(ring: Ring, state: Key['state']): Ring {
  return { ...ring, keys: [{ ...key(ring), state }] };
}

function problem(value: unknown): string {
  return (
    ringSchema
      .safeParse(value)
      .error?.issues.map((issue) => issue.message)
      .join('; ') ?? ''
  );
}
