/** How uses are counted and in what portions they are written: over a store as a value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientId } from '../../src/clients/client-id.ts';
import type { ClientSecretUse } from '../../src/clients/secret-usage.ts';
import { createSecretUsageRecorder } from '../../src/clients/secret-usage-recorder.ts';

function recorder() {
  const written: ClientSecretUse[] = [];
  const state = { fails: false };
  const store = {
    addUses: async (uses: readonly ClientSecretUse[]) => {
      if (state.fails) throw new Error('away');
      written.push(...uses);
    },
  };
  return { written, state, ...createSecretUsageRecorder(store, () => {}) };
}

test('a busy time is written in portions, first come first, and nothing is lost or counted twice', async () => {
  const { written, state, used, flush } = recorder();
  for (let n = 0; n < 2500; n += 1) used('cl_x' as ClientId, `sec_${n}`, 100);
  await flush();
  assert.equal(written.length, 1000);
  assert.equal(written[0]?.secret_id, 'sec_0');
  used('cl_x' as ClientId, 'sec_2400', 105);
  state.fails = true;
  await flush();
  assert.equal(written.length, 1000);
  state.fails = false;
  await flush(Number.MAX_SAFE_INTEGER);
  assert.equal(written.length, 2500);
  assert.equal(new Set(written.map(({ secret_id }) => secret_id)).size, 2500);
  const twice = written.find(({ secret_id }) => secret_id === 'sec_2400');
  assert.deepEqual([twice?.use_count, twice?.first_used_at, twice?.last_used_at], [2, 100, 105]);
  await flush();
  assert.equal(written.length, 2500);
});
