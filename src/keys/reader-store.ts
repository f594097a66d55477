/**
 * Which readers fetched the JWKS, and of which version of the ring: so one can see who knows a key before it
 * signs. A reader is whoever calls itself that name; a false one can make a key sign no earlier than its time.
 */
export interface Sighting {
  readonly reader: string;
  /** The latest version of the ring that it was served. */
  readonly version: number;
  /** Epoch seconds of its latest fetch. */
  readonly seen_at: number;
}

/** Names that are kept besides those that the configuration expects: what strangers call themselves is bounded. */
export const MAX_READERS = 1000;

export interface ReaderStore {
  /**
   * Keeps of each reader the latest version and the latest time. A new name that is not in `expected` is dropped
   * when there are `MAX_READERS`. Throws `StoreUnavailable`; the batch may then have been taken in part.
   */
  addSightings(sightings: readonly Sighting[], expected: ReadonlySet<string>): Promise<void>;
  readSightings(): Promise<readonly Sighting[]>;
}
