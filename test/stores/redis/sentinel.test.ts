import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { startSentinel } from '../../support/redis-sentinel.ts';
import { aRedis, aRedisStore } from '../ending.ts';
import { aClient, FREELY } from '../records.ts';

test('the primary is found through a Sentinel, with a password that the Sentinel does not ask for', async (t) => {
  const redis = await aRedis(t, { password: 'secret' });
  const sentinel = await startSentinel({ name: 'main', primary: redis, password: 'secret' });
  t.after(() => sentinel.stop());
  const store = await aRedisStore(t, { url: `redis+sentinel://:secret@127.0.0.1:${sentinel.port}/main` });
  const client = aClient();
  assert.equal(await store.clients.create(client, FREELY), 'created');
  assert.deepEqual(await store.clients.read(client.client_id), client);

  await redis.kill();
  await assert.rejects(store.clients.create(aClient(), FREELY), { name: 'StoreUnavailable' });
  await redis.restart();
  await eventually(() => store.ping(), 5000);
});
