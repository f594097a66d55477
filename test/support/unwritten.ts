/** A refusal that wrote nothing, where the counts of secrets' uses may be written at any moment meanwhile. */
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

/** Without the uses of secrets: they are written some seconds after the token that they are of. */
export function rowsOf(service: TestService): Readonly<Record<string, readonly unknown[]>> {
  const { secret_uses: _, ...others } = storeRows(service);
  return others;
}
