/** What every store of the JWKS's readers does. */
import assert from 'node:assert/strict';
import { MAX_READERS } from '../../../src/keys/reader-store.ts';
import type { Implementation } from '../implementations.ts';
import { withStore } from './with-store.ts';

export function readersContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);
  const nobody: ReadonlySet<string> = new Set();

  story(
    'of each reader the latest version and time are kept, whatever the order nodes tell them in',
    async ({ readers }) => {
      assert.deepEqual(await readers.readSightings(), []);
      await readers.addSightings([{ reader: 'edge', version: 3, seen_at: 100 }], nobody);
      await readers.addSightings(
        [
          { reader: 'edge', version: 2, seen_at: 120 },
          { reader: 'other', version: 1, seen_at: 7 },
        ],
        nobody,
      );
      assert.deepEqual(byName(await readers.readSightings()), [
        { reader: 'edge', version: 3, seen_at: 120 },
        { reader: 'other', version: 1, seen_at: 7 },
      ]);
    },
  );

  story('strangers fill it to its bound, and an expected reader still gets in', async ({ readers }) => {
    const strangers = Array.from({ length: MAX_READERS + 5 }, (_, at) => ({
      reader: `s${at}`,
      version: 1,
      seen_at: 1,
    }));
    await readers.addSightings(strangers, nobody);
    await readers.addSightings([{ reader: 'late', version: 1, seen_at: 1 }], nobody);
    assert.equal((await readers.readSightings()).length, MAX_READERS);
    await readers.addSightings([{ reader: 'edge', version: 2, seen_at: 2 }], new Set(['edge']));
    await readers.addSightings([{ reader: 's0', version: 2, seen_at: 2 }], nobody);
    const kept = await readers.readSightings();
    assert.equal(kept.length, MAX_READERS + 1);
    assert.deepEqual(
      kept
        .filter(({ version }) => version === 2)
        .map(({ reader }) => reader)
        .sort(),
      ['edge', 's0'],
    );
  });
}

function byName<T extends { readonly reader: string }>(sightings: readonly T[]): T[] {
  return [...sightings].sort((one, other) => (one.reader < other.reader ? -1 : 1));
}
