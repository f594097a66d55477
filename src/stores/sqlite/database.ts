/**
 * One handle to the file: prepared statements, and the only two ways in which they run. `read` is one
 * statement. `commit` runs in a transaction that holds the write lock from its first moment, so that what
 * its version compare saw is still so when it writes, whichever process is the other writer.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { failure } from './failure.ts';
import { groupCommits } from './group-commits.ts';

export interface Database {
  prepare(sql: string): StatementSync;
  read<T>(operation: string, query: () => T): T;
  /**
   * All of `work` or nothing. Rejects with what `work` throws, or with `StoreUnavailable`: `not_done` when it
   * was rolled back, `unknown` when COMMIT itself failed.
   */
  commit<T>(operation: string, work: () => T): Promise<T>;
}

export function openDatabase(handle: DatabaseSync): Database {
  return {
    prepare: (sql) => handle.prepare(sql),
    read(operation, query) {
      try {
        return query();
      } catch (error) {
        throw failure(operation, 'not_done', error);
      }
    },
    commit: groupCommits(handle),
  };
}
