/** A test with a store of its own, closed when it ends. */
import { test } from 'node:test';
import type { Store } from '../../../src/stores/store.ts';
import type { Implementation, Place } from '../implementations.ts';

export function withStore(
  implementation: Implementation,
  name: string,
  story: (store: Store, place: Place) => Promise<void>,
): void {
  test(name, async () => {
    const place = implementation.place();
    const store = await place.open();
    try {
      await story(store, place);
    } finally {
      await store.close();
    }
  });
}
