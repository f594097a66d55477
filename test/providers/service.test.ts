/** A service with an upstream provider: what its operator sees of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { send } from '../support/bridge.ts';
import { DOMAIN } from '../support/domain.ts';
import { eventually } from '../support/eventually.ts';
import { startService } from '../support/service.ts';
import { startScriptedUpstream } from '../support/upstream-scripted.ts';

test('S-UP-06: a provider that is down delays no start and makes no node unready; it is told, and counted', async (t) => {
  const up = await startScriptedUpstream();
  const down = await startScriptedUpstream();
  t.after(() => Promise.all([up.close(), down.close()]));
  down.on('GET', '/.well-known/openid-configuration', () => {});
  const provider = (issuer: string) => ({
    type: 'oidc',
    issuer,
    initial_access_token: '{env:IAT}',
    allow_insecure_loopback: true,
  });
  const providers = { local: { type: 'local' }, up: provider(up.issuer), down: provider(down.issuer) };
  const service = await startService({ config: { ...DOMAIN, providers }, env: { IAT: 'f7Kq2mX9bT4wZ8' } });
  t.after(() => service.stop());
  const first = await send(`${service.opsUrl}/readyz`);
  assert.equal(first.status, 200);
  await eventually(async () => {
    const { status, body } = await send(`${service.opsUrl}/readyz`);
    assert.deepEqual([status, body.status], [200, 'ready']);
    assert.deepEqual(body.providers, {
      up: { status: 'up', circuit: 'closed' },
      down: { status: 'down', circuit: 'closed', reason: 'upstream_timeout' },
    });
  }, 8_000);
  const { text } = await send(`${service.opsUrl}/metrics`);
  assert.match(
    text,
    /dcr_bridge_upstream_call_duration_seconds_count\{provider="down",operation="discover",outcome="upstream_timeout"\} 1/,
  );
  assert.match(text, /dcr_bridge_upstream_circuit_open\{provider="down"\} 0/);
  await eventually(
    async () =>
      assert.ok(
        service.output.some((line) => line.includes("provider's discovery document could not be read")),
      ),
    2000,
  );
  assert.ok(!service.output.join('\n').includes('f7Kq2mX9bT4wZ8'));
});
