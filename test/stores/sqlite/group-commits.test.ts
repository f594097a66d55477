/** What SQLite commits together, and that what happens to one mutation of a group happens to it alone. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { groupCommits } from '../../../src/stores/sqlite/group-commits.ts';
import { tempDir } from '../../support/temp.ts';

function aDatabase() {
  const file = join(tempDir('group'), 'store.db');
  const handle = new DatabaseSync(file, { timeout: 0 });
  handle.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE parents (n INTEGER PRIMARY KEY);
    CREATE TABLE notes (
      n INTEGER PRIMARY KEY, text TEXT, parent INTEGER REFERENCES parents (n) DEFERRABLE INITIALLY DEFERRED
    )`);
  const commit = groupCommits(handle);
  const insert = handle.prepare('INSERT INTO notes (n, text, parent) VALUES (?, ?, ?)');
  const other = new DatabaseSync(file, { timeout: 0 });
  return {
    handle,
    other,
    commit,
    add: (n: number, text = '', parent: number | null = null) =>
      commit(`add ${n}`, () => {
        insert.run(n, text, parent);
        return n;
      }),
    /** As another process sees them: what is committed. */
    committed: () =>
      other
        .prepare('SELECT n FROM notes ORDER BY n')
        .all()
        .map(({ n }) => Number(n)),
    [Symbol.dispose]() {
      if (handle.isOpen) handle.close();
      other.close();
    },
  };
}

const range = (length: number) => Array.from({ length }, (_, n) => n);

test('mutations of one turn are one transaction, in their order, and acknowledged after it', async () => {
  using database = aDatabase();
  const seen: unknown[] = [];
  const first = database.commit('first', () => seen.push(database.committed()));
  const adds = range(10).map((n) => database.add(n).then(() => seen.push(database.committed().length)));
  const last = database.commit('last', () => seen.push(database.committed()));
  await Promise.all([first, ...adds, last]);
  assert.deepEqual(seen, [[], [], ...range(10).map(() => 10)]);
});

test('a long queue is committed in several transactions, nothing of it lost', async () => {
  using database = aDatabase();
  assert.deepEqual(await Promise.all(range(170).map((n) => database.add(n))), range(170));
  assert.deepEqual(database.committed(), range(170));
});

test('a mutation that fails is undone alone, with all that it had written', async () => {
  using database = aDatabase();
  const outcomes = await Promise.allSettled([
    database.add(1),
    database.commit('halfway', () => {
      database.handle.exec('INSERT INTO notes (n) VALUES (2)');
      throw new Error('a fault of ours');
    }),
    database.add(1),
    database.add(3),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.message : outcome.value)),
    [1, 'a fault of ours', 'store unavailable: add 1', 3],
  );
  assert.deepEqual(database.committed(), [1, 3]);
});

test('a full disk refuses what does not fit and loses nothing that was acknowledged', async () => {
  using database = aDatabase();
  await database.add(1);
  database.handle.exec('PRAGMA max_page_count = 12');
  const adds = range(60).map((n) => database.add(10 + n, 'x'.repeat(1000)));
  const outcomes = await Promise.allSettled(adds);
  const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.equal(outcome.reason.outcome, 'not_done');
  }
  assert.ok(done.length < adds.length);
  assert.deepEqual(database.committed(), [1, ...done]);
});

test('when COMMIT itself fails, the outcome of the whole group is unknown, and the next group goes on', async () => {
  using database = aDatabase();
  const outcomes = await Promise.allSettled([database.add(1), database.add(2, '', 99), database.add(3)]);
  for (const outcome of outcomes) {
    assert.ok(outcome.status === 'rejected');
    assert.equal(outcome.reason.outcome, 'unknown');
  }
  assert.deepEqual(database.committed(), []);
  assert.equal(await database.add(4), 4);
  assert.deepEqual(database.committed(), [4]);
});

test("another process's write lock refuses the group, which was not done", async () => {
  using database = aDatabase();
  database.other.exec('BEGIN IMMEDIATE');
  const outcomes = await Promise.allSettled([database.add(1), database.add(2)]);
  for (const outcome of outcomes) {
    assert.ok(outcome.status === 'rejected');
    assert.equal(outcome.reason.outcome, 'not_done');
  }
  database.other.exec('COMMIT');
  assert.equal(await database.add(3), 3);
  assert.deepEqual(database.committed(), [3]);
});

test('a closed file refuses what was still waiting', async () => {
  using database = aDatabase();
  const add = database.add(1);
  database.handle.close();
  await assert.rejects(add, { name: 'StoreUnavailable', outcome: 'not_done' });
  assert.deepEqual(database.committed(), []);
});
