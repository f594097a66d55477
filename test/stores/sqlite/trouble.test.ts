/** SQLite that can't: each of its ways is the store being unavailable, and nothing was stored. */
import assert from 'node:assert/strict';
import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { StoreUnavailable } from '../../../src/lib/store-unavailable.ts';
import { sqliteClients } from '../../../src/stores/sqlite/clients.ts';
import { openDatabase } from '../../../src/stores/sqlite/database.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import { inTime } from '../../support/in-time.ts';
import { tempDir } from '../../support/temp.ts';
import { aClient, aTombstone, FREELY, next } from '../records.ts';
import { unavailable } from '../unavailable.ts';

async function aFile(): Promise<string> {
  const file = join(tempDir('sqlite'), 'store.db');
  await (await openSqliteStore({ file })).close();
  return file;
}

test('a lock that another process keeps is unavailable within 1 s, and works when it lets go', async () => {
  const file = await aFile();
  const store = await openSqliteStore({ file });
  const client = aClient();
  await store.clients.create(client, FREELY);
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  for (const change of [
    () => store.clients.create(aClient(), FREELY),
    () => store.clients.replace(next(client), 1),
    () => store.clients.delete(client.client_id, aTombstone(client)),
    () => store.rings.writeRing({ version: 1, document: '' }, 0),
  ]) {
    await inTime(1000, () => assert.rejects(change(), unavailable('not_done', /database is locked/)));
  }
  // Readers do not wait for the writer.
  assert.deepEqual(await store.clients.read(client.client_id), client);
  other.exec('COMMIT');
  other.close();
  assert.equal(await store.clients.replace(next(client), 1), 'replaced');
  await store.close();
});

test('a file that may only be read refuses changes and still answers', async () => {
  const file = await aFile();
  const handle = new DatabaseSync(file, { readOnly: true });
  const clients = sqliteClients(openDatabase(handle));
  await assert.rejects(clients.create(aClient(), FREELY), unavailable('not_done', /readonly/));
  assert.equal(await clients.read(aClient().client_id), undefined);
  handle.close();
});

test('a full disk refuses what needs room, keeps what is there, and works again when there is room', async () => {
  const handle = new DatabaseSync(await aFile());
  const clients = sqliteClients(openDatabase(handle));
  const pages = Number(handle.prepare('PRAGMA page_count').get()?.page_count);
  handle.exec(`PRAGMA max_page_count = ${pages + 2}`);
  const kept = [];
  let failure: unknown;
  while (failure === undefined && kept.length < 1000) {
    const client = aClient();
    const outcome = await clients.create(client, FREELY).catch((error: unknown) => error);
    if (outcome === 'created') kept.push(client);
    else failure = outcome;
  }
  assert.ok(failure instanceof StoreUnavailable);
  assert.equal(failure.outcome, 'not_done');
  assert.match(String(failure.cause), /full/);
  assert.equal(handle.prepare('SELECT count(*) AS n FROM clients').get()?.n, kept.length);
  for (const client of kept) assert.deepEqual(await clients.read(client.client_id), client);

  handle.exec(`PRAGMA max_page_count = ${pages + 100}`);
  assert.equal(await clients.create(aClient(), FREELY), 'created');
  handle.close();
});

test('a damaged file is unavailable, never a missing client', async () => {
  const file = await aFile();
  // What holds the schema stays whole: the file still opens.
  const wholeBytes = statSync(file).size;
  const store = await openSqliteStore({ file });
  const clients = Array.from({ length: 200 }, () => aClient());
  for (const client of clients) await store.clients.create(client, FREELY);
  await store.close();
  const bytes = openSync(file, 'r+');
  writeSync(bytes, Buffer.alloc(statSync(file).size - wholeBytes, 0xaa), 0, undefined, wholeBytes);
  closeSync(bytes);

  const damaged = await openSqliteStore({ file });
  for (const { client_id } of clients) {
    await assert.rejects(damaged.clients.read(client_id), unavailable('not_done', /malformed/));
  }
  await assert.rejects(damaged.clients.create(aClient(), FREELY), StoreUnavailable);
  await assert.rejects(damaged.rings.isUnused(), StoreUnavailable);
  await damaged.close();
});

test('a COMMIT that fails leaves the outcome unknown, and the handle fit for the next', async () => {
  const handle = new DatabaseSync(await aFile());
  const database = openDatabase(handle);
  const clients = sqliteClients(database);
  await assert.rejects(
    async () =>
      database.commit('portals.create', () => {
        // A broken reference that is looked at only by COMMIT: the simplest way to make it fail.
        handle.exec('PRAGMA defer_foreign_keys = ON');
        handle.exec("INSERT INTO portal_keys (hash, portal) VALUES ('hash', 'nobody')");
      }),
    unavailable('unknown'),
  );
  assert.equal(handle.isTransaction, false);
  assert.equal(await clients.create(aClient(), FREELY), 'created');
  handle.close();
});

test('a fault of ours is not the store being unavailable, and is rolled back all the same', async () => {
  const handle = new DatabaseSync(await aFile());
  const fault = new RangeError('a bug');
  await assert.rejects(
    async () =>
      openDatabase(handle).commit('clients.create', () => {
        handle.exec("INSERT INTO portals (name, version, record) VALUES ('half', 1, '{}')");
        throw fault;
      }),
    (error) => error === fault,
  );
  assert.equal(handle.prepare('SELECT count(*) AS n FROM portals').get()?.n, 0);
  handle.close();
});

test('R-05 a file that was moved away under the store is no store', async () => {
  const file = await aFile();
  const store = await openSqliteStore({ file });
  await store.ping();
  renameSync(file, `${file}.away`);
  await assert.rejects(store.ping(), unavailable('not_done'));
  await (await openSqliteStore({ file })).close();
  await assert.rejects(store.ping(), unavailable('not_done'));
  await store.close();
});
