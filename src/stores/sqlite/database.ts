/**
 * One handle to the file: prepared statements, and the only two ways in which they run. `read` is one
 * statement; `commit` is one transaction that holds the write lock from its first moment, so that what its
 * version compare saw is still so when it writes, whichever process is the other writer.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { failure } from './failure.ts';

export interface Database {
  prepare(sql: string): StatementSync;
  read<T>(operation: string, query: () => T): T;
  /** Throws `StoreUnavailable`: `not_done` when it was rolled back, `unknown` when COMMIT itself failed. */
  commit<T>(operation: string, work: () => T): T;
}

export function openDatabase(handle: DatabaseSync): Database {
  const begin = handle.prepare('BEGIN IMMEDIATE');
  const commit = handle.prepare('COMMIT');
  const rollback = handle.prepare('ROLLBACK');

  /** SQLite has ended the transaction by itself after some errors (disk full); then there is nothing to undo. */
  function undo(): void {
    try {
      if (handle.isTransaction) rollback.run();
    } catch {
      // What is not committed does not survive; the error that led here is the one worth telling.
    }
  }

  return {
    prepare: (sql) => handle.prepare(sql),
    read(operation, query) {
      try {
        return query();
      } catch (error) {
        throw failure(operation, 'not_done', error);
      }
    },
    commit(operation, work) {
      let done: ReturnType<typeof work>;
      try {
        begin.run();
        done = work();
      } catch (error) {
        undo();
        throw failure(operation, 'not_done', error);
      }
      try {
        commit.run();
      } catch (error) {
        undo();
        throw failure(operation, 'unknown', error);
      }
      return done;
    },
  };
}
