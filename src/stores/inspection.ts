/**
 * A look at a store from beside the service, for `doctor`: what can be said of it, and what it holds. It
 * changes nothing and creates nothing, not even a store; what can't be seen is a finding, never an error.
 */
import type { ReaderStore } from '../keys/reader-store.ts';
import type { RingStore } from '../keys/ring-store.ts';
import type { Finding } from '../lib/finding.ts';
import type { PortalStore } from '../portals/portal-store.ts';
import type { IntentStore } from '../registration/intent-store.ts';
import { embeddedFile } from './embedded-file.ts';

export interface StoreContents {
  readonly rings: Pick<RingStore, 'readRing' | 'isUnused'>;
  readonly readers: Pick<ReaderStore, 'readSightings'>;
  readonly portals: Pick<PortalStore, 'list'>;
  readonly intents: Pick<IntentStore, 'counts'>;
}

export interface StoreInspection {
  readonly findings: readonly Finding[];
  /** Absent where there is no store, or none that can be read. */
  readonly contents?: StoreContents;
  /** How far the store's own clock is before ours; absent where it has none. */
  readonly clockAheadMs?: number;
  close(): void;
}

export async function inspectStore(url: string): Promise<StoreInspection> {
  const file = embeddedFile(url);
  if (file !== undefined) {
    const { inspectSqlite } = await import('./sqlite/inspect.ts');
    return inspectSqlite(file);
  }
  const { inspectRedis } = await import('./redis/inspect.ts');
  return inspectRedis(url);
}
