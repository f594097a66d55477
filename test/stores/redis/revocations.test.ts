import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aRedis, aRedisStore } from '../ending.ts';
import { aRevocation } from '../records.ts';

test('a Redis that was emptied is read from its beginning again', async (t) => {
  const redis = await aRedis(t);
  const { revocations } = await aRedisStore(t, { url: redis.url });
  await revocations.revoke(aRevocation());
  await revocations.revoke(aRevocation());
  const { cursor } = await revocations.readAfter(0);
  await redis.command('FLUSHALL');
  const after = aRevocation();
  await revocations.revoke(after);
  assert.deepEqual((await revocations.readAfter(cursor)).revocations, [after]);
});
