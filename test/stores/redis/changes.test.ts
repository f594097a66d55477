/** What a node hears of changed clients over Redis, and what it makes of a log that it can't read on. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRedisStore } from '../../../src/stores/redis/redis-store.ts';
import type { Store } from '../../../src/stores/store.ts';
import { eventually } from '../../support/eventually.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';

const STREAM = '{dcr}:client-changes';
const WITHIN_MS = 3000;

let redis: RedisServer;
let store: Store;
let told: (string | undefined)[];
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());
beforeEach(async () => {
  await redis.command('FLUSHALL');
  store = await openRedisStore({ url: redis.url });
  told = [];
  await store.clientChanges.follow((id) => told.push(id));
  assert.deepEqual(told, [undefined], 'it is followed from the first answer on');
  told.length = 0;
});
afterEach(() => store.close());

const change = (number: number, client: string, at = String(number)) =>
  redis.command('XADD', STREAM, `${number}-0`, 'client', client, 'at', at);

/** Exactly these, in this order; forgotten then. */
async function hears(expected: readonly (string | undefined)[]): Promise<void> {
  await eventually(async () => assert.deepEqual(told, expected), WITHIN_MS);
  told.length = 0;
}

/** Whatever was committed until now has been told. */
async function isUpToDate(): Promise<void> {
  const now = performance.now();
  await eventually(async () => assert.ok(store.clientChanges.toldUntilMs(now) >= now), WITHIN_MS);
}

test('each change is told once, in order, also those of a moment', async () => {
  for (let number = 1; number <= 3; number += 1) await change(number, `cl_${number}`);
  await hears(['cl_1', 'cl_2', 'cl_3']);
  await isUpToDate();
  assert.deepEqual(told, []);
});

test('a number that is missing means that anything may have changed', async () => {
  await change(1, 'cl_1');
  await hears(['cl_1']);
  await change(3, 'cl_3');
  await hears([undefined]);
  await change(4, 'cl_4');
  await hears(['cl_4']);
});

test('F-10: a number that was given twice, because a failover lost the first, means the same', async () => {
  await change(1, 'cl_1');
  await hears(['cl_1']);
  await redis.command('DEL', STREAM);
  await change(1, 'cl_other', 'another time');
  await hears([undefined]);
});

test('R-04: a connection that is cut misses nothing, and nothing is told twice', async () => {
  await change(1, 'cl_1');
  await hears(['cl_1']);
  await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
  await change(2, 'cl_2');
  await hears(['cl_2']);
  assert.equal(store.clientChanges.storeIsAway(), false);
});

test('F-03: a server that hangs is away before anybody has to ask it, and is not when it goes on', async () => {
  redis.pause();
  try {
    await eventually(async () => assert.ok(store.clientChanges.storeIsAway()), 1500);
  } finally {
    redis.resume();
  }
  await eventually(async () => assert.ok(!store.clientChanges.storeIsAway()), WITHIN_MS);
  await isUpToDate();
});

test('R-04: a server that hangs, or is not there, holds nobody up who wants to follow it', async () => {
  redis.pause();
  const [hanging, absent] = await Promise.all(
    [redis.url, 'redis://127.0.0.1:1'].map((url) => openRedisStore({ url })),
  );
  try {
    const began = performance.now();
    await Promise.all([hanging, absent].map((store) => store?.clientChanges.follow(() => assert.fail())));
    const tookMs = performance.now() - began;
    assert.ok(tookMs < WITHIN_MS, `${tookMs} ms`);
    assert.ok(absent?.clientChanges.storeIsAway());
  } finally {
    redis.resume();
    await Promise.all([hanging?.close(), absent?.close()]);
  }
});

test('R-04: a store that is closed before its first answer holds nobody up who wants to follow it', async () => {
  redis.pause();
  const closed = await openRedisStore({ url: redis.url });
  try {
    const followed = closed.clientChanges.follow(() => assert.fail());
    await closed.close();
    assert.ok(await Promise.race([followed.then(() => true), sleep(WITHIN_MS, false, { ref: false })]));
  } finally {
    redis.resume();
  }
});

test('F-24: a store without its name is away, whatever else is in it, and is given none', async () => {
  const epoch = (await redis.command('GET', '{dcr}:store-epoch')).split('\r\n')[1] ?? '';
  await redis.command('FLUSHALL');
  await eventually(async () => assert.ok(store.clientChanges.storeIsAway()), WITHIN_MS);
  await assert.rejects(store.ping(), /emptied or replaced/);
  assert.match(await redis.command('GET', '{dcr}:store-epoch'), /^(?:_|\$-1)\r\n$/);
  await redis.command('SET', '{dcr}:store-epoch', 'another');
  await assert.rejects(store.clients.read('cl_0000000000000000000001' as never), /emptied or replaced/);
  await redis.command('SET', '{dcr}:store-epoch', epoch);
  await eventually(async () => assert.ok(!store.clientChanges.storeIsAway()), WITHIN_MS);
  assert.equal(await store.clients.read('cl_0000000000000000000001' as never), undefined);
});

test("F-16: Redis's clock is known on the way, to half the time that the question took", async () => {
  await eventually(async () => assert.notEqual(store.time(), undefined), WITHIN_MS);
  const before = store.time() ?? { epochMs: 0, withinMs: 0 };
  const [seconds = 0, micros = 0] = [...(await redis.command('TIME')).matchAll(/^\d+$/gm)].map(Number);
  const after = store.time() ?? { epochMs: 0, withinMs: 0 };
  const redisMs = seconds * 1000 + micros / 1000;
  // It tells whole milliseconds.
  assert.ok(before.epochMs - before.withinMs <= redisMs + 1, `${before.epochMs - redisMs} ms after`);
  assert.ok(after.epochMs + after.withinMs >= redisMs - 1, `${redisMs - after.epochMs} ms before`);
  assert.ok(after.withinMs < 450, String(after.withinMs));
});
