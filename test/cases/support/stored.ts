/** What the SQLite store holds, seen from behind: that a refusal wrote nothing, and what an act wrote. */
import assert from 'node:assert/strict';
import type { ClientRecord } from '../../../src/clients/client-record.ts';
import type { Answer } from '../../support/bridge.ts';
import { assertRefusal, type Expected } from '../../support/refusal.ts';
import type { TestService } from '../../support/service.ts';
import { storeRows } from '../../support/store-rows.ts';

/** Without the uses of secrets: they are written some seconds after the token that they are of. */
export function rowsOf(service: TestService): Readonly<Record<string, readonly unknown[]>> {
  const { secret_uses: _, ...rows } = storeRows(service);
  return rows;
}

/** Runs `act` and asserts that it is refused as expected and that the store is what it was. */
export async function refuses(
  service: TestService,
  expected: Expected,
  act: () => Promise<Answer>,
): Promise<Answer> {
  const before = rowsOf(service);
  const answer = await act();
  assertRefusal(answer, expected);
  assert.deepEqual(rowsOf(service), before, 'something was written');
  return answer;
}

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
