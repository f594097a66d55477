/** A refusal's other half: whatever `act` was answered, nothing that is stored is different afterwards. */
import assert from 'node:assert/strict';
import type { Place } from '../implementations.ts';

export async function nothingChanges<T>(place: Place, act: () => Promise<T>): Promise<T> {
  const before = await place.contents();
  const answer = await act();
  assert.deepEqual(await place.contents(), before);
  return answer;
}
