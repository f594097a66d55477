/** L-27: what was sent is never sent again by itself, however the connection ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import type { RedisServer } from '../../support/redis.ts';
import { aRedis, aRedisStore, aTcpProxy } from '../ending.ts';
import { aClient, FREELY } from '../records.ts';
import { unavailable } from '../unavailable.ts';

/** Each run of the script that creates a client looks at keys once, by EXISTS; nothing else here does. */
async function createsRun(redis: RedisServer): Promise<number> {
  const stats = await redis.command('INFO', 'commandstats');
  return Number(/cmdstat_exists:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

test('L-27 a commit whose reply was lost was done once, and the caller is told that it is unknown', async (t) => {
  const redis = await aRedis(t);
  const proxy = await aTcpProxy(t, redis.port);
  const store = await aRedisStore(t, { url: `redis://127.0.0.1:${proxy.port}` });
  // So that the server knows the script, and the clock's offset is known: the next create is sent once.
  await store.clients.create(aClient(), FREELY);
  assert.equal(await createsRun(redis), 1);

  const client = aClient();
  proxy.swallowReplies();
  const creating = assert.rejects(store.clients.create(client, FREELY), unavailable('unknown'));
  await eventually(async () => assert.equal(await createsRun(redis), 2), 400);
  const connectionsBefore = proxy.accepted;
  proxy.cut();
  proxy.pass();
  await creating;

  await eventually(() => store.ping(), 5000);
  assert.ok(proxy.accepted > connectionsBefore, 'the store came back on a new connection');
  await sleep(500);
  assert.equal(await createsRun(redis), 2);
  assert.deepEqual(await store.clients.read(client.client_id), client);
});
