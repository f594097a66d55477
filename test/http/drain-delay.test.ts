/** A node behind a load balancer: it says that it is leaving before it stops to accept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { startService } from '../support/service.ts';

test('R-14: after SIGTERM a node is not ready, and for DRAIN_DELAY_MS it still answers whoever has not heard', async () => {
  const service = await startService({ env: { DRAIN_DELAY_MS: '2000' } });
  const jwks = () => send(`${service.publicUrl}/.well-known/jwks.json`, { headers: { connection: 'close' } });
  const began = performance.now();
  const stopped = service.stop();
  await eventually(async () => {
    const { status, body } = await send(`${service.opsUrl}/readyz`);
    assert.deepEqual([status, body.status], [503, 'draining']);
  }, 1500);
  assert.equal((await jwks()).status, 200);
  assert.equal(await stopped, 0);
  assert.ok(performance.now() - began >= 2000);
  await assert.rejects(jwks());
});
