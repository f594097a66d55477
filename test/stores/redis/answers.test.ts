/** Answers to idempotency keys in Redis: two strings, each with its own end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aRedis, aRedisStore } from '../ending.ts';
import { aCreation, aToken } from '../records.ts';

test('a kept secret ends before the answer, each by its own time', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  const token = aToken();
  await store.portals.addInitialAccessToken(token);
  const { record, conditions } = aCreation(token.hash);
  const beganMs = performance.now();
  await store.clients.create(record, conditions);
  const { id, answer_seconds, secret_seconds, sealed_secret } = conditions.answer;
  /** Since the create no more has gone of it than time. */
  const endsAfter = async (key: string, seconds: number) => {
    const leftMs = Number((await redis.command('PTTL', key)).slice(1));
    const goneMs = seconds * 1000 - leftMs;
    assert.ok(goneMs >= 0 && goneMs <= performance.now() - beganMs + 1, `${key} ends in ${leftMs} ms`);
  };
  await endsAfter(`{dcr}:answer:${id}`, answer_seconds);
  await endsAfter(`{dcr}:answer-secret:${id}`, secret_seconds);
  assert.doesNotMatch(await redis.command('GET', `{dcr}:answer:${id}`), new RegExp(sealed_secret));
});

test('an answer that is to be kept for no time at all is not kept, and stops no create', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  const token = aToken();
  await store.portals.addInitialAccessToken(token);
  const { record, conditions } = aCreation(token.hash);
  const answer = { ...conditions.answer, answer_seconds: 0, secret_seconds: 0 };
  assert.equal(await store.clients.create(record, { ...conditions, answer }), 'created');
  assert.equal(await store.clients.readAnswer(answer.id), undefined);
});
