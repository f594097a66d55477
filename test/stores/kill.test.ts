/**
 * F-07 in small: a process is killed with `kill -9` in mid-stream of creates, over and over. What was
 * acknowledged is there afterwards, what was not is absent or whole, and what was refused is absent.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../src/stores/store.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp.ts';
import { aRedis, aRedisStore, aSqliteStore } from './ending.ts';
import { aClient } from './records.ts';
import { startWorker } from './start-worker.ts';

const ROUNDS = 20;

test('F-07 the service is killed: no client that SQLite acknowledged is lost', async (t) => {
  const file = join(tempDir('kill'), 'store.db');
  const acknowledged: ClientRecord[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const worker = await startWorker({ kind: 'sqlite', file });
    worker.createForever((record) => acknowledged.push(record as ClientRecord));
    await sleep(5 + Math.random() * 40);
    await worker.kill();

    const store = await openSqliteStore({ file });
    await store.ping();
    await store.close();
  }
  assert.ok(acknowledged.length >= ROUNDS, `only ${acknowledged.length} clients were acknowledged`);
  const store = await aSqliteStore(t, file);
  for (const record of acknowledged) {
    assert.deepEqual(await store.clients.read(record.client_id), record);
  }
  const raw = new DatabaseSync(file, { readOnly: true });
  assert.deepEqual({ ...raw.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
  const torn = raw.prepare("SELECT count(*) AS n FROM clients WHERE record ->> 'client_id' <> client_id");
  assert.equal(torn.get()?.n, 0);
  raw.close();
});

test('F-07 Redis is killed: no client that it acknowledged is lost, and the store heals by itself', async (t) => {
  const redis = await aRedis(t, { appendfsync: 'always' });
  const store = await aRedisStore(t, { url: redis.url });
  const acknowledged: ClientRecord[] = [];
  const refused: ClientRecord[] = [];
  const unknown: ClientRecord[] = [];
  let running = true;
  t.after(() => {
    running = false;
  });

  async function createUntilStopped(): Promise<void> {
    while (running) {
      const record = aClient();
      try {
        if ((await store.clients.create(record)) === 'created') acknowledged.push(record);
      } catch (error) {
        assert.ok(error instanceof StoreUnavailable);
        (error.outcome === 'unknown' ? unknown : refused).push(record);
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

  await checkAll(store, acknowledged, refused, unknown);
});

async function checkAll(
  store: Store,
  acknowledged: readonly ClientRecord[],
  refused: readonly ClientRecord[],
  unknown: readonly ClientRecord[],
): Promise<void> {
  assert.ok(acknowledged.length >= ROUNDS, `only ${acknowledged.length} clients were acknowledged`);
  assert.ok(refused.length > 0 && unknown.length > 0, 'Redis was never killed in mid-stream');
  for (const record of acknowledged) {
    assert.deepEqual(await store.clients.read(record.client_id), record);
  }
  for (const { client_id } of refused) assert.equal(await store.clients.read(client_id), undefined);
  for (const record of unknown) {
    const stored = await store.clients.read(record.client_id);
    if (stored !== undefined) assert.deepEqual(stored, record);
  }
}
