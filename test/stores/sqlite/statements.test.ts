/** What SQLite's statements cost, as its planner tells it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { sqliteClients } from '../../../src/stores/sqlite/clients.ts';
import { type Database, openDatabase } from '../../../src/stores/sqlite/database.ts';
import { sqliteIntents } from '../../../src/stores/sqlite/intents.ts';
import { sqliteLeases } from '../../../src/stores/sqlite/leases.ts';
import { sqlitePortals } from '../../../src/stores/sqlite/portals.ts';
import { sqliteSecretUsage } from '../../../src/stores/sqlite/secret-usage.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import { tempDir } from '../../support/temp.ts';

test('no statement of the clients walks a table or sorts: none costs more when there are more', async () => {
  const file = join(tempDir('sqlite'), 'store.db');
  await (await openSqliteStore({ file })).close();
  const handle = new DatabaseSync(file);
  const statements = new Set<string>();
  const database: Database = {
    ...openDatabase(handle),
    prepare(sql) {
      statements.add(sql);
      return handle.prepare(sql);
    },
  };
  sqliteClients(database);
  sqlitePortals(database);
  sqliteIntents(database);
  sqliteLeases(database);
  sqliteSecretUsage(database);
  assert.ok(statements.size > 20);
  for (const sql of statements) {
    const plan = handle.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    const steps = plan.map(({ detail }) => String(detail));
    // All portals are listed, and they are few; a subquery is searched by an index and has a LIMIT.
    const walks = steps.filter((step) => /^SCAN (?!portals|json_each|\(subquery)/.test(step));
    const sorts = steps.filter((step) => /TEMP B-TREE/.test(step));
    assert.deepEqual([...walks, ...sorts], [], `${sql}\n${steps.join('\n')}`);
  }
  handle.close();
});
