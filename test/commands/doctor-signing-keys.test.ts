/** What `doctor` says of who signs and what comes next, at any moment of a key's life. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { signingKeys } from '../../src/commands/doctor/signing-keys.ts';
import { keyLifeOf } from '../../src/config/key-life.ts';
import { firstRing, generateActiveKeys, generateKey } from '../../src/keys/generate-ring.ts';
import { announced } from '../../src/keys/key-life.ts';
import { API, load } from '../config/support.ts';

const NOW = 1_800_000_000;
const DAY_SECONDS = 24 * 60 * 60;

const kek = new Uint8Array(randomBytes(32));
const { config } = load({
  file: { resources: { [API]: { scopes: ['read', 'write'], signing_alg: 'ES256', readers: ['gate'] } } },
});
const first = firstRing(await generateActiveKeys(kek, ['ES256'], NOW), NOW, randomBytes);
const next = announced(first.keys, await generateKey(kek, 'ES256'), NOW, keyLifeOf(config), 2);
const second = { ...first, version: 2, keys: next };

/** What is said of ES256 so long after the first key was made. */
async function said(ring: typeof first, afterSeconds: number, sighted: number | undefined): Promise<string> {
  const sightings = sighted === undefined ? [] : [{ reader: 'gate', version: sighted, seen_at: NOW }];
  const contents = { readers: { readSightings: async () => sightings } } as never;
  const store = { findings: [], contents, close: () => {} };
  const findings = await signingKeys({ config, warnings: [], store, ring, nowSeconds: NOW + afterSeconds });
  const found = findings.find(({ check }) => check === 'signing key ES256');
  return `${found?.result} ${found?.found} ${found?.remedy}`;
}

test('a key signs until the next one does', async () => {
  assert.match(await said(first, 0, undefined), /^ok \S+ since .*; the next signs from/);
  assert.match(await said(second, 0, 2), /^ok \S+ since .*; the next signs from \S+ $/);
  assert.match(await said(second, 0, 1), /^ok .*, if gate has fetched it/);
});

test('a key that is due and waits for a reader is told, with who it is', async () => {
  assert.match(await said(second, DAY_SECONDS, 1), /^warning \S+ is due and waits for gate .*"readers"/);
});

test('a rotation that did not happen is told', async () => {
  assert.match(await said(first, 31 * DAY_SECONDS, 1), /^warning .*should have been followed on .*STORE_URL/);
  assert.match(await said(second, DAY_SECONDS, 2), /^warning .*should have been followed/);
});

test('a key that is only announced signs nothing yet', async () => {
  const waiting = { ...second, keys: second.keys.filter(({ state }) => state === 'announced') };
  assert.match(await said(waiting, 0, 2), /^failed none signs before \S+ .*keys activate ES256 --force/);
});
