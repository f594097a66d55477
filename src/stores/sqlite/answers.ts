/** Answers to idempotency keys, and their secrets, which end earlier. The end is by this process's clock. */
import type { IdempotentAnswer, StoredAnswer } from '../../clients/idempotent-answer.ts';
import type { Database } from './database.ts';

export interface Answers {
  /** Undefined when its time is over, whether it is cleared away already or not. */
  find(id: string): StoredAnswer | undefined;
  keep(answer: IdempotentAnswer): void;
}

export function sqliteAnswers(database: Database): Answers {
  const select = database.prepare(`
    SELECT request_hash, sealed_answer, sealed_secret FROM answers
    LEFT JOIN answer_secrets ON answer_secrets.id = answers.id AND answer_secrets.expires_at_ms > ?2
    WHERE answers.id = ?1 AND answers.expires_at_ms > ?2`);
  const insertAnswer = database.prepare(
    'INSERT OR REPLACE INTO answers (id, request_hash, sealed_answer, expires_at_ms) VALUES (?, ?, ?, ?)',
  );
  const insertSecret = database.prepare(
    'INSERT OR REPLACE INTO answer_secrets (id, sealed_secret, expires_at_ms) VALUES (?, ?, ?)',
  );

  return {
    find(id) {
      const row = select.get(id, Date.now()) as
        | { request_hash: string; sealed_answer: string; sealed_secret: string | null }
        | undefined;
      return row === undefined ? undefined : { ...row, sealed_secret: row.sealed_secret ?? undefined };
    },
    keep({ id, request_hash, sealed_answer, sealed_secret, answer_seconds, secret_seconds }) {
      const now = Date.now();
      insertAnswer.run(id, request_hash, sealed_answer, now + answer_seconds * 1000);
      insertSecret.run(id, sealed_secret, now + secret_seconds * 1000);
    },
  };
}
