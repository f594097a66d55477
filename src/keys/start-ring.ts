/**
 * The ring that a process begins with: the store's, or this node's copy while the store is away. A copy that is
 * behind the store's ring is said and not used (S-KEY-11).
 */
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import type { KeyRing } from './key-ring.ts';
import { type OpenedRing, openRing } from './opened-ring.ts';
import type { RingContext } from './ring-context.ts';
import { nowhere, replicaPlace } from './ring-places.ts';
import { type Synchronised, synchronise } from './synchronise.ts';

export async function readReplica(context: RingContext): Promise<OpenedRing | undefined> {
  const { replica } = context;
  const document = await replica.read();
  if (document === undefined) return undefined;
  return openRing(context, document, replicaPlace(replica.path));
}

interface Started extends Synchronised {
  readonly source: KeyRing['source'];
  readonly unreachable?: StoreUnavailable;
}

/** Throws `RingError`. */
export async function startRing(context: RingContext, replica: OpenedRing | undefined): Promise<Started> {
  try {
    const started = await synchronise(context, replica);
    reportOldCopy(context, replica, started.ring);
    return { ...started, source: 'store' };
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    if (replica === undefined) throw nowhere(context.replica.path, error);
    return { ring: replica, source: 'replica', unreachable: error };
  }
}

/** A node that was away for a while, or a keys directory from a backup (S-KEY-11). */
function reportOldCopy(
  { log, replica }: RingContext,
  copy: OpenedRing | undefined,
  { ring }: OpenedRing,
): void {
  if (copy === undefined || copy.ring.version >= ring.version) return;
  log.warn(
    { copy_version: copy.ring.version, version: ring.version },
    `${replica.path} HELD AN OLDER COPY OF THE KEY RING: it is not used but replaced; was it restored from a backup?`,
  );
}

/** How long ago the store last confirmed what the replica holds, as far as this node's disk knows. */
export async function ageMs({ replica, now }: RingContext): Promise<number> {
  const confirmedAt = await replica.confirmedAtSeconds();
  return confirmedAt === undefined ? 0 : Math.max(0, now() - confirmedAt) * 1000;
}
