/**
 * F-07 in small: a process is killed with `kill -9` in mid-stream of creates, over and over. What was
 * acknowledged is there afterwards with all that belongs to it, what was not is absent or whole, and what was
 * refused is absent.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import type { InitialAccessToken } from '../../src/portals/initial-access-token.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../src/stores/store.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp.ts';
import { walk } from './contract/walk.ts';
import { aRedis, aRedisStore, aSqliteStore } from './ending.ts';
import { aCreation, aToken, type Creation, storedOf } from './records.ts';
import { startWorker } from './start-worker.ts';

const ROUNDS = 20;
const USES = 1_000_000;

test('F-07 the service is killed: no client that SQLite acknowledged is lost', async (t) => {
  const file = join(tempDir('kill'), 'store.db');
  const token = aToken({ uses_left: USES });
  const first = await openSqliteStore({ file });
  await first.portals.addInitialAccessToken(token);
  await first.close();
  const acknowledged: Creation[] = [];
  // Rounds in which none is acknowledged are rounds too; on a slow disk they are not all.
  for (let round = 0; round < ROUNDS || acknowledged.length < ROUNDS; round += 1) {
    const worker = await startWorker({ kind: 'sqlite', file });
    worker.createForever(token.hash, (creation) => acknowledged.push(creation));
    await sleep(5 + Math.random() * 40);
    await worker.kill();

    const store = await openSqliteStore({ file });
    await store.ping();
    await store.close();
  }
  await checkWhole(await aSqliteStore(t, file), token, acknowledged);
  const raw = new DatabaseSync(file, { readOnly: true });
  assert.deepEqual({ ...raw.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
  raw.close();
});

test('F-07 Redis is killed: no client that it acknowledged is lost, and the store heals by itself', async (t) => {
  const redis = await aRedis(t, { appendfsync: 'always' });
  const store = await aRedisStore(t, { url: redis.url });
  const token = aToken({ uses_left: USES });
  await store.portals.addInitialAccessToken(token);
  const acknowledged: Creation[] = [];
  const refused: Creation[] = [];
  const unknown: Creation[] = [];
  let running = true;
  t.after(() => {
    running = false;
  });

  async function createUntilStopped(): Promise<void> {
    while (running) {
      const creation = aCreation(token.hash);
      try {
        const outcome = await store.clients.create(creation.record, creation.conditions);
        if (outcome === 'created') acknowledged.push(creation);
      } catch (error) {
        assert.ok(error instanceof StoreUnavailable);
        (error.outcome === 'unknown' ? unknown : refused).push(creation);
        await sleep(5);
      }
    }
  }
  const creating = Promise.all(Array.from({ length: 8 }, createUntilStopped));

  for (let round = 0; round < ROUNDS; round += 1) {
    await sleep(10 + Math.random() * 50);
    await redis.kill();
    await redis.restart();
    await eventually(() => store.ping(), 5000);
  }
  running = false;
  await creating;

  await checkWhole(store, token, acknowledged);
  assert.ok(refused.length > 0 && unknown.length > 0, 'Redis was never killed in mid-stream');
  for (const { record, conditions } of refused) {
    assert.equal(await store.clients.read(record.client_id), undefined);
    assert.equal(await store.clients.readAnswer(conditions.answer.id), undefined);
  }
  for (const { record, conditions } of unknown) {
    const stored = await store.clients.read(record.client_id);
    const answer = await store.clients.readAnswer(conditions.answer.id);
    if (stored !== undefined) assert.deepEqual(stored, record);
    assert.deepEqual(answer, stored === undefined ? undefined : storedOf(conditions.answer));
  }
});

/** Clients, index, count, answers and the token's uses tell the same story. */
async function checkWhole(
  { clients, portals }: Store,
  { hash, portal, uses_left }: InitialAccessToken,
  acknowledged: readonly Creation[],
): Promise<void> {
  assert.ok(acknowledged.length >= ROUNDS, `only ${acknowledged.length} clients were acknowledged`);
  const listed = new Map((await walk(clients, portal)).map((record) => [record.client_id, record]));
  for (const { record, conditions } of acknowledged) {
    assert.deepEqual(await clients.read(record.client_id), record);
    assert.deepEqual(listed.get(record.client_id), record);
    assert.deepEqual(await clients.readAnswer(conditions.answer.id), storedOf(conditions.answer));
  }
  const labelled = await walk(clients, portal, { labels: [['team', 'a']] });
  assert.deepEqual(labelled, [...listed.values()]);
  assert.equal(await clients.count(portal), listed.size);
  assert.equal((await portals.readInitialAccessToken(hash, 0))?.uses_left, uses_left - listed.size);
}
