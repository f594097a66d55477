/** Redis is there and says no: each of its ways is the store being unavailable, and nothing was stored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../../../src/lib/store-unavailable.ts';
import { eventually } from '../../support/eventually.ts';
import { inOrder, walk } from '../contract/walk.ts';
import { aRedis, aRedisStore } from '../ending.ts';
import { aClient, aCreation, aToken, aTombstone, FREELY, next } from '../records.ts';
import { unavailable } from '../unavailable.ts';

test('S-DOS-08 a full memory refuses creates whole, evicts no client, and still lets one be read and deleted', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  const token = aToken();
  await store.portals.addInitialAccessToken(token);
  const clients = Array.from({ length: 20 }, () => aClient());
  for (const client of clients) await store.clients.create(client, FREELY);
  const [first, ...others] = clients;
  assert.ok(first);

  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  const { record, conditions } = aCreation(token.hash);
  await assert.rejects(store.clients.create(record, conditions), unavailable('not_done'));
  await assert.rejects(
    store.clients.replace(next(first), 1, { answer: conditions.answer }),
    unavailable('not_done'),
  );
  for (const client of clients) assert.deepEqual(await store.clients.read(client.client_id), client);
  assert.deepEqual(await walk(store.clients, first.portal), inOrder(clients));
  assert.match(await redis.command('GET', '{dcr}:client-count'), /\r\n20\r\n/);
  assert.equal(await store.clients.count(first.portal), 20);
  assert.deepEqual(await store.portals.readInitialAccessToken(token.hash, 0), token);
  assert.equal(await store.clients.readAnswer(conditions.answer.id), undefined);
  assert.equal(await store.clients.delete(first.client_id, aTombstone(first)), 'deleted');
  assert.deepEqual(await walk(store.clients, first.portal), inOrder(others));
  assert.equal(await store.clients.count(first.portal), 19);
  assert.equal(await store.clients.create(first, FREELY).catch(() => 'refused'), 'exists');

  await redis.command('CONFIG', 'SET', 'maxmemory', '0');
  assert.equal(await store.clients.create(record, conditions), 'created');
});

test('a replica refuses changes, and the store recovers when it is made the primary', async (t) => {
  const primary = await aRedis(t);
  const replica = await aRedis(t, { args: ['--replicaof', '127.0.0.1', `${primary.port}`] });
  const said: string[] = [];
  const log = {
    info: (_: object, line: string) => said.push(line),
    warn: (_: object, line: string) => said.push(line),
  };
  const store = await aRedisStore(t, { url: replica.url, log });
  await sleep(300);
  assert.deepEqual(said, [], 'nobody asked for a change yet: no connection is cut for one');
  const client = aClient();
  // The refusal cuts the connection on purpose, so that a new primary is looked for.
  await eventually(
    () => assert.rejects(store.clients.create(client, FREELY), unavailable('not_done', /READONLY/)),
    5000,
  );
  await eventually(async () => {
    const { durable, warnings } = await store.durability();
    assert.equal(durable, false);
    assert.match(warnings.join(), /replica/);
  }, 5000);
  await replica.command('REPLICAOF', 'NO', 'ONE');
  await eventually(async () => assert.equal(await store.clients.create(client, FREELY), 'created'), 5000);
});

test('a replica that lost its primary and must not serve old data refuses reads too', async (t) => {
  const replica = await aRedis(t, { args: ['--replica-serve-stale-data', 'no'] });
  const store = await aRedisStore(t, { url: replica.url });
  await store.ping();
  await replica.command('REPLICAOF', '127.0.0.1', '1');
  await assert.rejects(store.clients.read(aClient().client_id), unavailable('not_done', /MASTERDOWN/));
  await assert.rejects(store.clients.create(aClient(), FREELY), unavailable('not_done'));
});

test('a primary that misses its replicas refuses changes', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
  await assert.rejects(store.clients.create(aClient(), FREELY), unavailable('not_done', /NOREPLICAS/));
  assert.equal(await store.rings.isUnused(), true);
});

test('a wrong password, or none, is unavailable; the right one opens', async (t) => {
  const redis = await aRedis(t, { password: 'right' });
  for (const url of [redis.url.replace('right', 'wrong'), redis.url.replace(':right@', '')]) {
    const store = await aRedisStore(t, { url });
    await assert.rejects(store.clients.read(aClient().client_id), StoreUnavailable);
    await assert.rejects(store.clients.create(aClient(), FREELY), unavailable('not_done'));
    await assert.rejects(store.ping(), StoreUnavailable);
  }
  const store = await aRedisStore(t, { url: redis.url });
  assert.equal(await store.clients.create(aClient(), FREELY), 'created');
});

test('a user that may not do all of it is unavailable, and whether anything was done is unknown', async (t) => {
  const redis = await aRedis(t);
  await redis.command('ACL', 'SETUSER', 'limited', 'on', '>pw', '~*', '+@all', '-zadd');
  const store = await aRedisStore(t, { url: redis.url.replace('redis://', 'redis://limited:pw@') });
  const client = aClient();
  await assert.rejects(store.clients.create(client, FREELY), unavailable('unknown'));
  assert.equal(await store.clients.read(client.client_id), undefined);
});
