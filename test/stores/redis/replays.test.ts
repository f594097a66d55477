/** F-25: a Redis that lost claims is noticed, however it lost them, and one that kept them is not distrusted. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import type { RedisOptions, RedisServer } from '../../support/redis.ts';
import { aRedis, aRedisStore } from '../ending.ts';
import { aClaim } from '../records.ts';

/** What is said of a claim after Redis lost it, and then of one that was issued afterwards. */
async function afterLoss(
  t: TestContext,
  lose: (redis: RedisServer) => Promise<void>,
  options?: RedisOptions,
): Promise<readonly string[]> {
  const redis = await aRedis(t, options);
  const store = await aRedisStore(t, { url: redis.url });
  const claim = aClaim();
  assert.equal(await store.replays.claim(claim), 'claimed');
  // Times are whole seconds: the loss is in a later one than the claim.
  await sleep(1100);
  await lose(redis);
  await eventually(() => store.ping(), 5000);
  const again = await store.replays.claim(claim);
  await sleep(1100);
  return [again, await store.replays.claim(aClaim())];
}

test('F-25: an emptied Redis accepts nothing that was issued before it was emptied', async (t) => {
  const said = await afterLoss(t, async (redis) => void (await redis.command('FLUSHALL')));
  assert.deepEqual(said, ['forgotten', 'claimed']);
});

test('F-25: a Redis that came back without its data accepts nothing issued before', async (t) => {
  const said = await afterLoss(t, (redis) => redis.restart(), { appendfsync: 'none' });
  assert.deepEqual(said, ['forgotten', 'claimed']);
});

test('F-25: nor does one that came back with a snapshot from before the claim', async (t) => {
  const lose = async (redis: RedisServer) => {
    const [claim = ''] = /\{dcr\}:replay:\S+/.exec(await redis.command('KEYS', '*')) ?? [];
    await redis.command('DEL', claim);
    await redis.command('SAVE');
    await redis.restart();
  };
  assert.deepEqual(await afterLoss(t, lose, { appendfsync: 'none' }), ['forgotten', 'claimed']);
});
