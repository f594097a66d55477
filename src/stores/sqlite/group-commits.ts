/**
 * Commits what came in during one turn of the event loop together: each mutation all or nothing within a
 * savepoint of its own, all of them one transaction and so one fsync, which is most of what a commit costs and
 * during which the process answers nobody. Nothing is acknowledged before that fsync, and no read comes
 * between, because the whole group runs in one go.
 */
import type { DatabaseSync } from 'node:sqlite';
import { failure } from './failure.ts';

/** Bounds for how long a group keeps the process from everything else. */
const MOST_IN_GROUP = 50;

interface Mutation {
  readonly operation: string;
  readonly work: () => unknown;
  readonly resolve: (done: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export function groupCommits(handle: DatabaseSync) {
  const begin = handle.prepare('BEGIN IMMEDIATE');
  const commit = handle.prepare('COMMIT');
  const rollback = handle.prepare('ROLLBACK');
  const savepoint = handle.prepare('SAVEPOINT mutation');
  const release = handle.prepare('RELEASE mutation');
  const rollbackTo = handle.prepare('ROLLBACK TO mutation');
  let waiting: Mutation[] = [];

  function commitWaiting(): void {
    const group = waiting.slice(0, MOST_IN_GROUP);
    waiting = waiting.slice(MOST_IN_GROUP);
    if (waiting.length > 0) setImmediate(commitWaiting);
    const settle = run(group);
    for (const tell of settle) tell();
  }

  /** What to tell each of the group, once it is certain. */
  function run(group: readonly Mutation[]): readonly (() => void)[] {
    let outcome: 'not_done' | 'unknown' = 'not_done';
    try {
      begin.run();
      const answers = group.map(runOne);
      outcome = 'unknown';
      commit.run();
      return answers;
    } catch (error) {
      undo();
      return group.map((mutation) => () => mutation.reject(failure(mutation.operation, outcome, error)));
    }
  }

  /** Throws only when the whole transaction can't go on. */
  function runOne({ operation, work, resolve, reject }: Mutation): () => void {
    savepoint.run();
    try {
      const done = work();
      release.run();
      return () => resolve(done);
    } catch (error) {
      // After some errors (disk full) SQLite ends the transaction by itself: the others are undone with it.
      if (!handle.isTransaction) throw error;
      rollbackTo.run();
      release.run();
      return () => reject(failure(operation, 'not_done', error));
    }
  }

  function undo(): void {
    try {
      if (handle.isTransaction) rollback.run();
    } catch {
      // What is not committed does not survive; the error that led here is the one worth telling.
    }
  }

  return <T>(operation: string, work: () => T): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(commitWaiting);
      waiting.push({ operation, work, resolve: resolve as (done: unknown) => void, reject });
    });
}
