/** A refusal that wrote nothing, where what was counted of requests before may be written at any moment meanwhile. */
import assert from 'node:assert/strict';
import type { Answer } from './bridge.ts';
import { assertRefusal, type Expected } from './refusal.ts';
import type { TestService } from './service.ts';
import { storeRows } from './store-rows.ts';

/** Runs `act`, asserts that it is refused as expected and that the store is what it was. */
export async function refuses<T extends Answer>(
  service: TestService,
  expected: Expected,
  act: () => Promise<T>,
): Promise<T> {
  const before = rowsOf(service);
  const answer = await act();
  assertRefusal(answer, expected);
  assert.deepEqual(rowsOf(service), before, 'something was written');
  return answer;
}

/** Without the uses of secrets and who fetched the JWKS: they are written some seconds after the request. */
export function rowsOf(service: TestService): Readonly<Record<string, readonly unknown[]>> {
  const { secret_uses: _, jwks_readers: __, ...others } = storeRows(service);
  return others;
}
