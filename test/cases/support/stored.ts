/** What the SQLite store holds, seen from behind: that a refusal wrote nothing, and what an act wrote. */
import assert from 'node:assert/strict';
import type { ClientRecord } from '../../../src/clients/client-record.ts';
import type { Answer } from '../../support/bridge.ts';
import type { Expected } from '../../support/refusal.ts';
import type { TestService } from '../../support/service.ts';
import { storeRows } from '../../support/store-rows.ts';
import { rowsOf } from '../../support/unwritten.ts';

export function storedClients(service: TestService): readonly ClientRecord[] {
  return (rowsOf(service).clients ?? []).map((row) => JSON.parse((row as { record: string }).record));
}

export function storedClient(service: TestService, { body }: Answer): ClientRecord {
  const client = storedClients(service).find(({ client_id }) => client_id === body.client_id);
  assert.ok(client !== undefined, `not stored: ${body.client_id}`);
  return client;
}

export function storeText(service: TestService): string {
  return JSON.stringify(storeRows(service));
}

export const UNAUTHORIZED: Expected = {
  status: 401,
  error: 'unauthorized',
  headers: { 'www-authenticate': 'Bearer realm="dcr-bridge"' },
};
export const INVALID_TOKEN: Expected = { ...UNAUTHORIZED, error: 'invalid_token' };
export const NOT_FOUND: Expected = { status: 404, error: 'not_found' };
export const INVALID_METADATA: Expected = { status: 400, error: 'invalid_client_metadata' };
