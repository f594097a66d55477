/** The limiter that nodes share over Redis, and what each does while Redis is away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { startRunningTime } from '../../support/running-time.ts';
import { aRedis, aRedisStore } from '../ending.ts';

test('nodes share one budget', async (t) => {
  const redis = await aRedis(t);
  const [store, other] = [await aRedisStore(t, { url: redis.url }), await aRedisStore(t, { url: redis.url })];
  const limit = { points: 4, windowSeconds: 60 };
  const [here, there] = [store.rateLimiter(limit), other.rateLimiter(limit)];
  const taken = await Promise.all(
    [here, there, here, there, here, there].map((limiter) => limiter.take('key_shared', 1)),
  );
  assert.equal(taken.filter((seconds) => seconds === undefined).length, 4);
});

test('S-DOS-05 a count that lost its end gets a new one: nobody is shut out for ever', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  const limiter = store.rateLimiter({ points: 10, windowSeconds: 60 });
  await limiter.take('key_endless', 1);
  const key = '{dcr}:calls:10:60:key_endless';
  const ttl = async () => Number((await redis.command('TTL', key)).slice(1));
  await redis.command('PERSIST', key);
  assert.equal(await ttl(), -1);
  await limiter.take('key_endless', 1);
  assert.ok((await ttl()) > 0);
});

test('S-DOS-05 while Redis hangs or is away, each node counts for itself, without a wait', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  const limiter = store.rateLimiter({ points: 2, windowSeconds: 60 });
  const failures = [
    [() => redis.pause(), async () => redis.resume()],
    [() => redis.kill(), () => redis.restart()],
  ] as const;
  for (const [index, [fail, heal]] of failures.entries()) {
    const subject = `key_away_${index}`;
    await fail();
    try {
      for (const expected of ['taken', 'taken', 'refused']) {
        const ranMs = startRunningTime();
        const seconds = await limiter.take(subject, 1);
        assert.equal(seconds === undefined ? 'taken' : 'refused', expected);
        const tookMs = ranMs();
        assert.ok(tookMs < 700, `${tookMs} ms`);
      }
    } finally {
      await heal();
    }
    await eventually(() => store.ping(), 5000);
    await eventually(async () => {
      await limiter.take(`key_back_${index}`, 0);
      assert.equal(await redis.command('EXISTS', `{dcr}:calls:2:60:key_back_${index}`), ':1\r\n');
    }, 2000);
  }
});
