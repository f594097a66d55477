/** Which readers have seen a key: those that its resources name, and from the version that announced it on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awaitedReaders, expectedReaders, seenBy } from '../../src/keys/adoption.ts';
import type { RingKey } from '../../src/keys/ring.ts';
import { newRing } from './support.ts';

const [FIRST] = (await newRing(['ES256'])).keys;
assert.ok(FIRST);
const KEY: RingKey = { ...FIRST, state: 'announced', announced_version: 5 };

const EXPECTED = expectedReaders([
  { signing_alg: 'ES256', readers: ['apisix', 'kong'] },
  { signing_alg: 'ES256', readers: ['kong', 'tyk'] },
  { signing_alg: 'RS256', readers: ['gravitee'] },
]);
const sighting = (reader: string, version: number) => ({ reader, version, seen_at: 0 });

test('a key is awaited by the readers of every resource of its algorithm, each once, and by no other', () => {
  assert.deepEqual(awaitedReaders(KEY, EXPECTED, []), ['apisix', 'kong', 'tyk']);
  assert.deepEqual(awaitedReaders({ ...KEY, alg: 'PS256' }, EXPECTED, []), []);
});

test('who fetched the version that announced it has seen it; who fetched the one before has not', () => {
  const sightings = [sighting('apisix', 5), sighting('kong', 4), sighting('stranger', 9)];
  assert.deepEqual(seenBy(KEY, sightings), ['apisix', 'stranger']);
  assert.deepEqual(awaitedReaders(KEY, EXPECTED, sightings), ['kong', 'tyk']);
});

test('a key of the first ring was seen by whoever fetched any', () => {
  assert.deepEqual(seenBy(FIRST, [sighting('kong', 1)]), ['kong']);
});
