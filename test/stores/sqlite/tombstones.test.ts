import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { TOMBSTONE_SECONDS } from '../../../src/clients/client-store.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import { tempDir } from '../../support/temp.ts';
import { aClient, aTombstone, FREELY, NOW } from '../records.ts';

test('expired tombstones go when a new one comes, a bounded number at a time, and no other goes', async () => {
  const file = join(tempDir('sqlite'), 'store.db');
  const store = await openSqliteStore({ file });
  const raw = new DatabaseSync(file);
  const insert = raw.prepare(
    'INSERT INTO tombstones (client_id, portal, provider, deleted_at) VALUES (?, ?, ?, ?)',
  );
  for (let index = 0; index < 250; index += 1) insert.run(`expired ${index}`, 'dev', 'local', NOW - 1);
  insert.run('fresh', 'dev', 'local', NOW);
  const left = (like: string) =>
    raw.prepare('SELECT count(*) AS n FROM tombstones WHERE client_id LIKE ?').get(like)?.n;

  const expected = [150, 50, 0, 0];
  for (const [deletes, expired] of expected.entries()) {
    const client = aClient();
    await store.clients.create(client, FREELY);
    await store.clients.delete(client.client_id, aTombstone(client, NOW + TOMBSTONE_SECONDS));
    assert.equal(left('expired %'), expired);
    assert.equal(left('fresh'), 1);
    assert.equal(left('cl_%'), deletes + 1);
  }
  raw.close();
  await store.close();
});
