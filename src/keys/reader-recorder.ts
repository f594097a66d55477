/**
 * Remembers in memory who fetched the JWKS and hands it to the store in batches: the JWKS path waits for
 * nothing. Nodes' memories are merged there.
 */
import type { ReaderStore, Sighting } from './reader-store.ts';

export interface ReaderRecorder {
  saw(reader: string, version: number, nowSeconds: number): void;
  /** Writes what is new; what can't be written is kept for the next time. Never rejects. */
  flush(): Promise<void>;
}

/** Of one process; the names that the configuration expects come on top. */
const MAX_NAMES = 200;
/** A reader that goes on fetching what it has seen is written again only after this long. */
const QUIET_SECONDS = 5 * 60;

export function createReaderRecorder(
  store: Pick<ReaderStore, 'addSightings'>,
  expected: ReadonlySet<string>,
  failed: (error: unknown) => void,
): ReaderRecorder {
  const seen = new Map<string, Sighting>();
  const written = new Map<string, Sighting>();
  const isNews = (sighting: Sighting): boolean => {
    const before = written.get(sighting.reader);
    return (
      before === undefined ||
      sighting.version > before.version ||
      sighting.seen_at >= before.seen_at + QUIET_SECONDS
    );
  };
  return {
    saw: (reader, version, seen_at) => {
      if (!seen.has(reader) && seen.size >= MAX_NAMES + expected.size && !expected.has(reader)) return;
      seen.set(reader, { reader, version, seen_at });
    },
    flush: async () => {
      const batch = [...seen.values()].filter(isNews);
      if (batch.length === 0) return;
      try {
        await store.addSightings(batch, expected);
        for (const sighting of batch) written.set(sighting.reader, sighting);
      } catch (error) {
        failed(error);
      }
    },
  };
}
