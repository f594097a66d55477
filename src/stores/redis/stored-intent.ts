/**
 * An intent as one text: a head for scripts, and the record as JSON for us.
 *
 *     2 started
 *     01790000000
 *     acme
 *     cl_…
 *     Zm9v…
 *     1790000015
 *     {"op_id":"op_…
 *
 * Version and state, `started_at`, the portal if it is a create, client id, answer id, `next_attempt_at`:
 * what the indexes are made of, in lines that are empty where there is no such thing.
 */
import type { Intent, IntentReference } from '../../registration/intent.ts';
import type { IntentPosition } from '../../registration/intent-store.ts';
import { parseRecord } from '../parse-record.ts';
import type { StorageKeys } from './storage-schema.ts';
import { packCreatedAt } from './stored-client.ts';
import { packVersioned, unpackVersioned } from './versioned.ts';

/** The keys of every script that touches an intent, in the order in which `INTENTS` wants them. */
export function intentKeys(keys: StorageKeys): readonly string[] {
  return [keys.intents, keys.intentsDue, keys.intentsByState, keys.intentOf, keys.openCreates];
}

/** The operation id and the version of an intent to be ended; two empty texts for none. */
export function finishArguments(intent: IntentReference | undefined): readonly (string | number)[] {
  return intent === undefined ? ['', ''] : [intent.op_id, intent.version];
}

export function packIntent(intent: Intent): string {
  const { state, started_at, kind, portal, client_id = '', answer_id = '', next_attempt_at = '' } = intent;
  const creates = kind === 'create' ? portal : '';
  const head = [state, packCreatedAt(started_at), creates, client_id, answer_id, next_attempt_at];
  return packVersioned(intent.version, [...head, JSON.stringify(intent)].join('\n'));
}

export function unpackIntent(operation: string, stored: string): Intent {
  const { version, text } = unpackVersioned(operation, 'an intent', stored);
  const json = text.slice(text.lastIndexOf('\n') + 1);
  return parseRecord<Intent>(
    operation,
    'an intent',
    json,
    (intent) => typeof intent.op_id === 'string' && intent.version === version,
  );
}

export function packIntentPosition({ started_at, op_id }: IntentPosition): string {
  return packCreatedAt(started_at) + op_id;
}
