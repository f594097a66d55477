import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientId } from '../../src/clients/client-id.ts';
import { tokenAllowance } from '../../src/tokens/token-allowance.ts';

const [ONE, OTHER] = ['cl_one' as ClientId, 'cl_other' as ClientId];

test('S-DOS-01: the allowance is whole again when its minute is over, and each client has its own', () => {
  const allowance = tokenAllowance();
  const give = (client: ClientId, nowMs: number, perMinute = 2) => {
    allowance.require(client, perMinute, nowMs);
    allowance.given(client, perMinute);
  };
  give(ONE, 1000);
  give(ONE, 2000);
  assert.throws(() => give(ONE, 30_500), { reason: 'rate_limited', headers: { 'retry-after': '31' } });
  give(OTHER, 30_500);
  assert.throws(() => give(ONE, 60_999.5), { headers: { 'retry-after': '1' } });
  give(ONE, 61_000);
  for (let time = 0; time < 100; time += 1) give(OTHER, 61_000, 0);
  give(OTHER, 61_000, 1);
});
