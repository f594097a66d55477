/**
 * Which ring is the true one when the store has one and this node has one: the table of rules. Both were
 * authenticated before. Pure: it decides, `synchronise.ts` acts.
 */
import type { Ring } from './ring.ts';
import { RingError } from './ring-error.ts';

interface Copy {
  readonly document: string;
  readonly ring: Ring;
}

export type Decision<C extends Copy> =
  /** Nobody has a ring. */
  | { readonly action: 'create_or_refuse' }
  | { readonly action: 'use_stored'; readonly copy: C }
  /** Ours goes into the store if it still holds `expectedVersion` (0 = no ring). */
  | { readonly action: 'write_ours'; readonly copy: C; readonly expectedVersion: number };

/** `oursName` is where ours is kept, for the message. Throws `RingError`. */
export function reconcile<C extends Copy>(
  stored: C | undefined,
  ours: C | undefined,
  oursName: string,
): Decision<C> {
  if (stored === undefined) {
    return ours === undefined
      ? { action: 'create_or_refuse' }
      : { action: 'write_ours', copy: ours, expectedVersion: 0 };
  }
  if (ours === undefined || stored.document === ours.document) return { action: 'use_stored', copy: stored };
  if (stored.ring.ring_id !== ours.ring.ring_id) throw mismatch(stored.ring, ours.ring, oursName);
  if (stored.ring.version === ours.ring.version) throw diverged(stored.ring, oursName);
  const [newer, older] =
    stored.ring.version > ours.ring.version ? [stored.ring, ours.ring] : [ours.ring, stored.ring];
  // A ring never forgets a key. One that has is another branch, grown from an old backup (S-KEY-11).
  if (older.keys.some(({ kid }) => !newer.keys.some((key) => key.kid === kid)))
    throw forked(stored.ring, ours.ring, oursName);
  // The newer one has the keys of the older; going back would withdraw keys that have signed.
  return stored.ring.version > ours.ring.version
    ? { action: 'use_stored', copy: stored }
    : { action: 'write_ours', copy: ours, expectedVersion: stored.ring.version };
}

function mismatch(stored: Ring, ours: Ring, oursName: string): RingError {
  return new RingError(
    'ring_mismatch',
    `The store holds the key ring ${stored.ring_id} and ${oursName} another one, ${ours.ring_id}. If STORE_URL and ` +
      `KEYS_DIR are right and the store's ring is the one to keep, move ${oursName} away; if ${oursName} is, point ` +
      'STORE_URL at the store that belongs to it.',
  );
}

function diverged(stored: Ring, oursName: string): RingError {
  return new RingError(
    'ring_diverged',
    `The store and ${oursName} hold different content as version ${stored.version} of the key ring ${stored.ring_id}. ` +
      `If the store's is the one that nodes sign with, move ${oursName} away: this node then takes the store's.`,
  );
}

function forked(stored: Ring, ours: Ring, oursName: string): RingError {
  return new RingError(
    'ring_diverged',
    `Version ${stored.version} of the key ring ${ours.ring_id} in the store and version ${ours.version} in ${oursName} have ` +
      'each a key that the other lacks: one of them went on from an old backup. Keep the one that nodes sign with: ' +
      `if it is the store's, move ${oursName} away.`,
  );
}
