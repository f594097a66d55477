/** What the storage schema says of keys and lifetimes is what is in Redis. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { TOMBSTONE_SECONDS } from '../../../src/clients/client-store.ts';
import { aRedis, aRedisStore } from '../ending.ts';
import {
  aClaim,
  aClient,
  aCreation,
  anIntent,
  aPortal,
  aRevocation,
  aToken,
  aTombstone,
  aUse,
  FREELY,
} from '../records.ts';

test('every key is one that the schema names, of its type and lifetime, under one hash tag', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  const token = aToken();
  await store.clientChanges.follow(() => {});
  await store.portals.create(aPortal('acme'));
  await store.portals.addInitialAccessToken(token);
  await store.rings.writeRing({ version: 1, document: 'ring' }, 0);
  const [{ record: kept, conditions }, deleted] = [aCreation(token.hash), aClient()];
  await store.clients.create(kept, conditions);
  await store.clients.create(deleted, FREELY);
  await store.clients.delete(deleted.client_id, aTombstone(deleted));
  const intent = { client_id: kept.client_id, answer_id: 'some', next_attempt_at: 0 };
  await store.intents.begin(anIntent(intent), FREELY);
  await store.leases.hold('recovery', 'node-1', 30);
  await store.readers.addSightings([{ reader: 'edge', version: 1, seen_at: 0 }], new Set());
  await store.secretUsage.addUses([aUse(kept.client_id)]);
  await store.revocations.revoke(aRevocation());
  const claim = aClaim();
  await store.replays.claim(claim);
  await store.rateLimiter({ points: 5, windowSeconds: 60 }).take('key_1', 1);

  const lifetimes: Readonly<Record<string, number>> = {
    TOMBSTONE_SECONDS,
    answer_seconds: conditions.answer.answer_seconds,
    secret_seconds: conditions.answer.secret_seconds,
    expires_at: token.expires_at - Math.floor(Date.now() / 1000),
    replay_seconds: claim.ttlSeconds,
    window: 60,
    "the lease's seconds": 30,
  };
  const schema = await readFile(
    new URL('../../../src/stores/redis/storage-schema.ts', import.meta.url),
    'utf8',
  );
  const rows = [...schema.matchAll(/^ \* \| `([^`]+)` +\| (\w+) +\| ([^|]+)\|/gm)];
  assert.ok(rows.length > 10);
  const found = new Set<string>();
  for (const key of (await redis.command('KEYS', '*')).split('\r\n').filter((line) => /^[^*$]/.test(line))) {
    const [, name = '', type, lifetime = ''] =
      rows.find(([, pattern = '']) => {
        const parts = pattern.replace(/<[^>]+>/g, '[^:]+');
        return new RegExp(`^\\{dcr\\}:${parts}$`).test(key);
      }) ?? [];
    assert.ok(name, `${key} is not in the schema`);
    assert.equal((await redis.command('TYPE', key)).trim(), `+${type}`, key);
    const ttlSeconds = Number((await redis.command('TTL', key)).trim().slice(1));
    const seconds = Object.entries(lifetimes).find(([text]) => lifetime.includes(text))?.[1];
    if (seconds === undefined) assert.equal(ttlSeconds, -1, key);
    else assert.ok(ttlSeconds > seconds - 5 && ttlSeconds <= seconds + 1, `${key} ends in ${ttlSeconds} s`);
    found.add(name);
  }
  assert.deepEqual([...found].sort(), rows.map(([, name]) => name).sort());
});

test('a tombstone that Redis let go leaves a store unused again', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  const client = aClient();
  await store.clients.create(client, FREELY);
  await store.clients.delete(client.client_id, aTombstone(client));
  assert.equal(await store.rings.isUnused(), false);
  for (const key of [`tombstone:${client.client_id}`, 'tombstone-left']) {
    await redis.command('PEXPIRE', `{dcr}:${key}`, '1');
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await store.clients.readTombstone(client.client_id, client.created_at), undefined);
  assert.equal(await store.rings.isUnused(), true);
});
