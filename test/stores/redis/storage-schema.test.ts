/** What the storage schema says of keys and lifetimes is what is in Redis. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { TOMBSTONE_SECONDS } from '../../../src/clients/client-store.ts';
import { aRedis, aRedisStore } from '../ending.ts';
import { aClient, aPortal, aTombstone } from '../records.ts';

test('every key is one that the schema names, of its type and lifetime, under one hash tag', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  const [kept, deleted] = [aClient(), aClient()];
  await store.clients.create(kept);
  await store.clients.create(deleted);
  await store.clients.delete(deleted.client_id, aTombstone(deleted));
  await store.portals.create(aPortal('acme'));
  await store.rings.writeRing({ version: 1, document: 'ring' }, 0);

  const schema = await readFile(
    new URL('../../../src/stores/redis/storage-schema.ts', import.meta.url),
    'utf8',
  );
  const rows = [...schema.matchAll(/^ \* \| `([^`]+)` +\| (\w+) +\| ([^|]+)\|/gm)];
  const documented = new Map(rows.map(([, key = '', type, lifetime = '']) => [key, { type, lifetime }]));
  const found = new Set<string>();
  for (const key of (await redis.command('KEYS', '*')).split('\r\n').filter((line) => /^[^*$]/.test(line))) {
    assert.match(key, /^\{dcr\}:/);
    const name = key
      .replace('{dcr}:', '')
      .replace(/:cl_.*/, ':<client_id>')
      .replace(/^portal-clients:.*/, 'portal-clients:<portal>');
    const row = documented.get(name);
    assert.ok(row, `${key} is not in the schema`);
    assert.equal((await redis.command('TYPE', key)).trim(), `+${row.type}`, key);
    const ttlSeconds = Number((await redis.command('TTL', key)).trim().slice(1));
    const expires = row.lifetime.includes('TOMBSTONE_SECONDS');
    assert.ok(
      expires ? ttlSeconds > TOMBSTONE_SECONDS - 60 && ttlSeconds <= TOMBSTONE_SECONDS : ttlSeconds === -1,
      key,
    );
    found.add(name);
  }
  assert.deepEqual([...found].sort(), [...documented.keys()].sort());
});

test('a tombstone that Redis let go leaves a store unused again', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  const client = aClient();
  await store.clients.create(client);
  await store.clients.delete(client.client_id, aTombstone(client));
  assert.equal(await store.rings.isUnused(), false);
  for (const key of [`tombstone:${client.client_id}`, 'tombstone-left']) {
    await redis.command('PEXPIRE', `{dcr}:${key}`, '1');
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await store.clients.readTombstone(client.client_id, client.created_at), undefined);
  assert.equal(await store.rings.isUnused(), true);
});
