/** An answer to an idempotency key in Redis: two strings, each of which Redis forgets in its own time. */
import type { IdempotentAnswer, StoredAnswer } from '../../clients/idempotent-answer.ts';
import { parseRecord } from '../parse-record.ts';
import type { StorageKeys } from './storage-schema.ts';

type Kept = Omit<StoredAnswer, 'sealed_secret'>;

/** The last two keys of a script that keeps an answer; some of the slot also when there is none. */
export function answerKeys(keys: StorageKeys, answer: IdempotentAnswer | undefined): readonly string[] {
  const id = answer?.id ?? '';
  return [keys.answer(id), keys.answerSecret(id)];
}

/** The answer, its seconds, the secret, its seconds. Redis takes whole seconds only. */
export function answerArguments(answer: IdempotentAnswer | undefined): readonly (string | number)[] {
  if (answer === undefined) return ['', 0, '', 0];
  const { request_hash, sealed_answer, sealed_secret, answer_seconds, secret_seconds } = answer;
  const kept: Kept = { request_hash, sealed_answer };
  return [JSON.stringify(kept), Math.floor(answer_seconds), sealed_secret, Math.floor(secret_seconds)];
}

/** From what is stored under `answerKeys`; `null` for what is not there, or not any more. */
export function unpackAnswer(
  operation: string,
  [answer, secret]: readonly (string | null)[],
): StoredAnswer | undefined {
  if (typeof answer !== 'string') return undefined;
  const { request_hash, sealed_answer } = parseRecord<Kept>(
    operation,
    'an answer',
    answer,
    (kept) => typeof kept.request_hash === 'string' && typeof kept.sealed_answer === 'string',
  );
  return { request_hash, sealed_answer, sealed_secret: secret ?? undefined };
}
