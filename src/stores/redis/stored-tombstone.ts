/** A tombstone in Redis: JSON that Redis forgets by itself. */
import type { ClientId } from '../../clients/client-id.ts';
import { TOMBSTONE_SECONDS, type Tombstone } from '../../clients/client-store.ts';
import { parseRecord } from '../parse-record.ts';

/** Redis's clock ends it, and may differ from the caller's: `undefined` when it is over by either. */
export function unpackTombstone(
  operation: string,
  id: ClientId,
  stored: string | null,
  nowSeconds: number,
): Tombstone | undefined {
  if (stored === null) return undefined;
  const tombstone = parseRecord<Tombstone>(
    operation,
    `tombstone of ${id}`,
    stored,
    ({ deleted_at }) => typeof deleted_at === 'number',
  );
  return tombstone.deleted_at < nowSeconds - TOMBSTONE_SECONDS ? undefined : tombstone;
}
