/**
 * Stored text back into a record. What can't be read, or is not the record that was asked for, is the
 * store being unable to answer: never "not found", because that answer destroys things (L-11).
 * The parser's own message is dropped: it quotes the text.
 */
import { StoreUnavailable } from '../lib/store-unavailable.ts';

export function parseRecord<R extends object>(
  operation: string,
  label: string,
  text: string,
  isTheOne: (record: Partial<R>) => boolean,
): R {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    throw damaged(operation, label, 'is not JSON');
  }
  if (typeof record !== 'object' || record === null || !isTheOne(record)) {
    throw damaged(operation, label, 'is another one');
  }
  return record as R;
}

export function damaged(operation: string, label: string, how: string): StoreUnavailable {
  return new StoreUnavailable(`${operation}: what is stored as ${label} is damaged: it ${how}`, 'not_done');
}
