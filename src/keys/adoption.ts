/** Who has seen a key, and who has yet to: from the sightings of the readers. Pure. */
import type { Sighting } from './reader-store.ts';
import type { RingKey } from './ring.ts';
import type { SigningAlg } from './signing-alg.ts';

/** The readers that the resources of an algorithm name. */
export type ExpectedReaders = ReadonlyMap<SigningAlg, readonly string[]>;

export function expectedReaders(
  resources: Iterable<{ readonly signing_alg: SigningAlg; readonly readers: readonly string[] }>,
): ExpectedReaders {
  const expected = new Map<SigningAlg, readonly string[]>();
  for (const { signing_alg, readers } of resources) {
    expected.set(signing_alg, [...new Set([...(expected.get(signing_alg) ?? []), ...readers])]);
  }
  return expected;
}

/** Whoever was served the version that announced the key, or a later one. A key of the first ring has no such. */
export function seenBy(key: RingKey, sightings: readonly Sighting[]): string[] {
  const since = key.announced_version ?? 1;
  return sightings.filter(({ version }) => version >= since).map(({ reader }) => reader);
}

export function awaitedReaders(
  key: RingKey,
  expected: ExpectedReaders,
  sightings: readonly Sighting[],
): string[] {
  const seen = new Set(seenBy(key, sightings));
  return (expected.get(key.alg) ?? []).filter((reader) => !seen.has(reader));
}
