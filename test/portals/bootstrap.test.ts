import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootstrapPortal, DEV_PORTAL } from '../../src/portals/bootstrap.ts';
import { setPortalState } from '../../src/portals/manage.ts';
import { ACME, office } from './support.ts';

const KEY = 'dcrk_configured0123456789configured0123456789';

test('a first start in development makes the portal dev, and tells its key once', async () => {
  const portals = await office();
  const first = await bootstrapPortal(portals, { configured: undefined, development: true });
  assert.equal(first?.name, DEV_PORTAL);
  assert.equal(await portals.caller(first?.generatedKey), DEV_PORTAL);
  assert.equal(await bootstrapPortal(portals, { configured: undefined, development: true }), undefined);
  assert.equal((await portals.store.list()).length, 1);
  await portals.close();
});

test('outside development nobody gets a portal by starting', async () => {
  const portals = await office();
  assert.equal(await bootstrapPortal(portals, { configured: undefined, development: false }), undefined);
  assert.deepEqual(await portals.store.list(), []);
  await portals.close();
});

test('the configured portal is made with the configured key, which is not told again', async () => {
  const portals = await office();
  const made = await bootstrapPortal(portals, {
    configured: { name: ACME, api_key: KEY },
    development: false,
  });
  assert.deepEqual(made, { name: ACME, generatedKey: undefined });
  assert.equal(await portals.caller(KEY), ACME);
  await portals.close();
});

test('a portal that exists is left as it is: its keys, and that it is disabled', async () => {
  const portals = await office();
  await bootstrapPortal(portals, { configured: { name: ACME, api_key: KEY }, development: true });
  await setPortalState(portals, ACME, 'disabled');
  const before = await portals.store.read(ACME);
  const again = { configured: { name: ACME, api_key: `${KEY}new` }, development: true };
  assert.equal(await bootstrapPortal(portals, again), undefined);
  assert.deepEqual(await portals.store.read(ACME), before);
  assert.equal(await portals.refuses(`${KEY}new`), 'key_unknown');
  await portals.close();
});

test('two nodes that start at once make one portal and tell one key', async () => {
  const portals = await office();
  const outcomes = await Promise.all(
    Array.from({ length: 4 }, () => bootstrapPortal(portals, { configured: undefined, development: true })),
  );
  const told = outcomes.filter((outcome) => outcome !== undefined);
  assert.equal(told.length, 1);
  assert.equal(await portals.caller(told[0]?.generatedKey), DEV_PORTAL);
  await portals.close();
});
