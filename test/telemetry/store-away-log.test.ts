/** What an operator reads when Redis is away: what was asked of it and why it failed, in one short line each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portal } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService } from '../support/service.ts';

const MAX_LINE_CHARACTERS = 350;

test('a store that is away makes short lines without a stack, which answers lead to by error_id', async (t) => {
  const redis = await startRedis();
  const service = await startService({
    env: { STORE_URL: redis.url, KEY_ENCRYPTION_KEY: newKeyEncryptionKey(), RING_REFRESH_MS: '200' },
  });
  t.after(() => service.stop());
  assert.equal((await portal(service).create({ scope: 'read' })).status, 201);
  const before = service.output.length;
  await redis.stop();
  const { status, body } = await portal(service).create({ scope: 'read' });
  assert.equal(status, 503);
  const since = () => service.output.slice(before);
  await eventually(async () => assert.ok(since().some((line) => line.includes('key ring can'))), 10_000);
  const line = () => since().find((text) => text.includes(body.error_id) && text.includes('"err"'));
  await eventually(async () => assert.ok(line() !== undefined), 10_000);
  const { err, request_id, msg } = JSON.parse(line() ?? '');
  assert.deepEqual([request_id, msg], [body.error_id, 'store_unavailable']);
  assert.equal(err.type, 'StoreUnavailable');
  assert.match(err.message, /^store unavailable: [\w.]+: \S/);
  for (const text of since()) {
    assert.ok(!text.includes('"stack"') && text.length <= MAX_LINE_CHARACTERS, text);
  }
});
