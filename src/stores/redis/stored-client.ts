/**
 * A client as one Redis string: a head for scripts, an empty line, and the record as JSON for us.
 *
 *     3 01790000000
 *     active
 *     "team":"a"
 *
 *     {"client_id":"cl_…
 *
 * The head holds the version, `created_at`, and the facets: all that the index is made of. JSON text and
 * facets hold no line break.
 */
import type { ClientId } from '../../clients/client-id.ts';
import type { ClientRecord } from '../../clients/client-record.ts';
import { facetsOf } from '../facets.ts';
import { damaged, parseRecord } from '../parse-record.ts';
import { packVersioned, unpackVersioned } from './versioned.ts';

const END_OF_HEAD = '\n\n';
/** Of one width, so that byte order is time order; enough for the year 5138. */
const CREATED_AT_DIGITS = 11;

export function packCreatedAt(epochSeconds: number): string {
  return String(epochSeconds).padStart(CREATED_AT_DIGITS, '0');
}

export function packClient(record: ClientRecord): string {
  const head = [packCreatedAt(record.created_at), ...facetsOf(record)].join('\n');
  return packVersioned(record.version, head + END_OF_HEAD + JSON.stringify(record));
}

export function unpackClient(operation: string, id: ClientId, stored: string): ClientRecord {
  const label = `client ${id}`;
  const { version, text } = unpackVersioned(operation, label, stored);
  const end = text.indexOf(END_OF_HEAD);
  if (end < 0) throw damaged(operation, label, 'has no head');
  return parseRecord<ClientRecord>(
    operation,
    label,
    text.slice(end + END_OF_HEAD.length),
    (record) => record.client_id === id && record.version === version,
  );
}
