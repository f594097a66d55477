/** Which files become the store, and which are refused with what to do about it. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import { StoreMisconfigured } from '../../../src/stores/store-misconfigured.ts';
import { tempDir } from '../../support/temp.ts';
import { aClient, anIntent, aRevocation, FREELY } from '../records.ts';

function refused(file: string, message: RegExp): Promise<void> {
  return assert.rejects(openSqliteStore({ file }), (error) => {
    assert.ok(error instanceof StoreMisconfigured, String(error));
    assert.match(error.message, message);
    assert.ok(error.message.includes(file));
    return true;
  });
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

test('a missing directory and file are made for this user alone', async () => {
  const file = join(tempDir('sqlite'), 'some', 'where', 'store.db');
  const store = await openSqliteStore({ file });
  await store.clients.create(aClient(), FREELY);
  assert.equal(modeOf(dirname(file)), '700');
  assert.equal(modeOf(dirname(dirname(file))), '700');
  for (const part of [file, `${file}-wal`, `${file}-shm`]) assert.equal(modeOf(part), '600', part);
  await store.close();
});

test('a file that others may read is pointed out', async () => {
  const file = join(tempDir('sqlite'), 'store.db');
  const store = await openSqliteStore({ file });
  chmodSync(file, 0o644);
  const { durable, warnings } = await store.durability();
  assert.equal(durable, true);
  assert.match(warnings.join(), /chmod 600/);
  await store.close();
});

test('many openings at once of a file that is not there yet all succeed', async () => {
  const file = join(tempDir('sqlite'), 'store.db');
  const stores = await Promise.all(Array.from({ length: 8 }, () => openSqliteStore({ file })));
  const client = aClient();
  assert.equal(await stores[0]?.clients.create(client, FREELY), 'created');
  for (const store of stores) {
    assert.deepEqual(await store.clients.read(client.client_id), client);
    await store.close();
  }
});

test('a file that another process is still setting up is waited for', async () => {
  const file = join(tempDir('sqlite'), 'store.db');
  const other = new DatabaseSync(file);
  other.exec('BEGIN EXCLUSIVE');
  const opening = openSqliteStore({ file });
  setTimeout(() => other.exec('COMMIT'), 100);
  await (await opening).close();
  other.close();
});

test('a file that is no database is refused and left as it is', async () => {
  for (const content of ['short', `no database ${'x'.repeat(10_000)}`]) {
    const file = join(tempDir('sqlite'), 'store.db');
    writeFileSync(file, content);
    await refused(file, /is not a SQLite database/);
    assert.equal(readFileSync(file, 'utf8'), content);
  }
});

test("another application's database is refused and left as it is", async () => {
  const file = join(tempDir('sqlite'), 'store.db');
  const other = new DatabaseSync(file);
  other.exec('CREATE TABLE theirs (a)');
  other.close();
  const before = readFileSync(file);
  await refused(file, /another application's database/);
  assert.deepEqual(readFileSync(file), before);
});

test('a schema from a newer version is refused and left as it is', async () => {
  const file = join(tempDir('sqlite'), 'store.db');
  await (await openSqliteStore({ file })).close();
  const newer = new DatabaseSync(file);
  newer.exec('PRAGMA user_version = 999');
  newer.close();
  await refused(file, /newer version .*schema 999/);
  const raw = new DatabaseSync(file);
  assert.equal(raw.prepare('PRAGMA user_version').get()?.user_version, 999);
  raw.close();
});

test('a file of the first schema opens, with everything in it, and takes what that did not know', async () => {
  const file = join(tempDir('sqlite'), 'store.db');
  const client = aClient();
  const before = await openSqliteStore({ file });
  await before.clients.create(client, FREELY);
  await before.close();
  takeBack(file, 1);
  const store = await openSqliteStore({ file });
  assert.deepEqual(await store.clients.read(client.client_id), client);
  assert.equal(await store.intents.begin(anIntent(), FREELY), 'begun');
  assert.equal(await store.leases.hold('recovery', 'node-1', 60), true);
  await store.revocations.revoke(aRevocation());
  await store.close();
});

test('a path that can not be a file is refused', async () => {
  const dir = tempDir('sqlite');
  await refused(dir, /EISDIR/);
  writeFileSync(join(dir, 'file'), '');
  await refused(join(dir, 'file', 'store.db'), /EEXIST|ENOTDIR/);
});

test('S-DCR-26 clients of a file from before the cap are counted in', async () => {
  const file = join(tempDir('sqlite'), 'store.db');
  const first = await openSqliteStore({ file });
  for (let made = 0; made < 3; made += 1) await first.clients.create(aClient(), FREELY);
  await first.close();
  takeBack(file, 2);
  const migrated = await openSqliteStore({ file });
  assert.equal(await migrated.clients.countAll(), 3);
  await migrated.close();
});

/** The version of the schema that brought each table. */
const SINCE: Readonly<Record<string, number>> = {
  intents: 2,
  intent_counts: 2,
  leases: 2,
  client_total: 3,
  revoked_tokens: 4,
  replays: 5,
  replay_memory: 5,
  jwks_readers: 6,
};

/** Makes of a file one that this version of the service has never seen. */
function takeBack(file: string, version: number): void {
  const older = new DatabaseSync(file);
  for (const [table, since] of Object.entries(SINCE)) if (since > version) older.exec(`DROP TABLE ${table}`);
  older.exec(`PRAGMA user_version = ${version}`);
  older.close();
}
