import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHealth } from '../../src/telemetry/health.ts';

function health() {
  const store = { kind: 'sqlite', up: true };
  const clock = { aheadOfStoreSeconds: undefined as number | undefined, inStep: true, jumps: 0 };
  const providers: Record<string, { status: string }> = {};
  const ping = () => (store.up ? Promise.resolve() : Promise.reject(new Error('down')));
  const made = createHealth({
    store: { kind: store.kind, ping },
    ring: () => ({ version: 3, source: 'store' }),
    clock: () => clock,
    providers: () => providers,
  });
  return { store, clock, providers, ...made };
}

test('ready, degraded while the store is away, ready again', async () => {
  const { store, readiness } = health();
  const ready = {
    status: 'ready',
    store: { kind: 'sqlite', up: true },
    key_ring: { version: 3, source: 'store' },
  };
  assert.deepEqual(await readiness(), ready);
  store.up = false;
  assert.deepEqual(await readiness(), { ...ready, status: 'degraded', store: { kind: 'sqlite', up: false } });
  store.up = true;
  assert.deepEqual(await readiness(), ready);
});

test('draining is for good, whatever the store does', async () => {
  const { store, drain, isDraining, readiness } = health();
  assert.equal(isDraining(), false);
  drain();
  assert.equal(isDraining(), true);
  assert.equal((await readiness()).status, 'draining');
  store.up = false;
  assert.equal((await readiness()).status, 'draining');
});

test('an upstream provider that is down is told, and makes no node unready', async () => {
  const { providers, readiness } = health();
  providers.acme = { status: 'down' };
  const { status, providers: told } = await readiness();
  assert.deepEqual([status, told], ['ready', { acme: { status: 'down' } }]);
});

test("F-16: a clock that is apart from the store's is told, and makes no node unready", async () => {
  const { clock, readiness } = health();
  assert.ok(!('clock' in (await readiness())));
  Object.assign(clock, { aheadOfStoreSeconds: -120, inStep: false });
  const { status, clock: told } = await readiness();
  assert.deepEqual([status, told], ['ready', { ahead_of_store_seconds: -120, in_step: false }]);
});
