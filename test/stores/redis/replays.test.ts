/** F-25: a Redis that lost claims is noticed, however it lost them, and one that kept them is not distrusted. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Claim } from '../../../src/tokens/replay-store.ts';
import { epoch } from '../../support/assertion.ts';
import { eventually } from '../../support/eventually.ts';
import type { RedisOptions, RedisServer } from '../../support/redis.ts';
import { aRedis, aRedisStore } from '../ending.ts';
import { aClaim } from '../records.ts';

/** Whole seconds are compared: what is issued so long after the memory began is later for certain. */
const BEGUN_MS = 2100;

/** A claim of what was issued at the start of this second, as it is made later. */
function issuedNow(): () => Claim {
  const issuedAtSeconds = epoch();
  const claim = aClaim();
  return () => ({ ...claim, ageSeconds: epoch() - issuedAtSeconds });
}

/** What is said of a claim after Redis lost it, and of one that was issued when it remembers again. */
async function afterLoss(
  t: TestContext,
  lose: (redis: RedisServer) => Promise<void>,
  options?: RedisOptions,
): Promise<readonly string[]> {
  const redis = await aRedis(t, options);
  const store = await aRedisStore(t, { url: redis.url });
  await sleep(BEGUN_MS);
  const claim = issuedNow();
  assert.equal(await store.replays.claim(claim()), 'claimed');
  // At once: what was issued in the second of the loss was not issued after it.
  await lose(redis);
  await eventually(() => store.ping(), 5000);
  const again = await store.replays.claim(claim());
  await sleep(BEGUN_MS);
  return [again, await store.replays.claim(issuedNow()())];
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

test('F-16: a Redis whose clock was set back to before its memory began remembers from then on, not after', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  const [run = ''] = /\w{40}/.exec(await redis.command('GET', '{dcr}:replay-memory')) ?? [];
  // What such a Redis finds: its own memory, of an hour that has yet to come.
  await redis.command('SET', '{dcr}:replay-memory', `${run} ${epoch() + 3600}`);
  assert.equal(await store.replays.claim(issuedNow()()), 'forgotten');
  await sleep(BEGUN_MS);
  assert.equal(await store.replays.claim(issuedNow()()), 'claimed');
});
