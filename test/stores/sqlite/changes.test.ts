/** What a process hears of commits of another one to the same file. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import { tempDir } from '../../support/temp.ts';
import { aPortal } from '../records.ts';

test('F-05: a commit of another process is heard of with the next look, and its own is not told', async () => {
  const file = join(tempDir('changes'), 'store.db');
  const { clientChanges, portals, close } = await openSqliteStore({ file });
  let told = 0;
  await clientChanges.follow((id) => {
    assert.equal(id, undefined, 'the counter does not say which');
    told += 1;
  });
  assert.equal(clientChanges.toldUntilMs(1000), 1000);
  assert.equal(await portals.create(aPortal('acme')), 'created');
  assert.equal(clientChanges.toldUntilMs(2000), 2000);
  assert.equal(told, 0);
  const other = new DatabaseSync(file);
  other.exec("INSERT INTO client_counts VALUES ('acme', 1)");
  other.close();
  assert.equal(clientChanges.toldUntilMs(2001), 2000, 'asked for every token, it looks now and then');
  assert.equal(clientChanges.toldUntilMs(2020), 2020);
  assert.equal(told, 1);
  clientChanges.toldUntilMs(3000);
  assert.equal(told, 1);
  await close();
  assert.equal(clientChanges.toldUntilMs(4000), 3000, 'a store that can not be asked tells of nothing new');
  assert.ok(clientChanges.storeIsAway());
});
