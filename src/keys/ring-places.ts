/** Where a key ring is kept, in words for the operator: the name of the place, and how to put it right. */
import type { StoreUnavailable } from '../lib/store-unavailable.ts';
import type { Place } from './ring-document.ts';
import { RingError } from './ring-error.ts';

export const STORE: Place = {
  name: 'the store',
  remedy:
    'Restore the store from a backup; or remove the stored ring, and nothing else, and start a node whose keys ' +
    'directory is intact: it puts its copy back.',
};

/** `path`: of the node's copy. */
export function replicaPlace(path: string): Place {
  return {
    name: path,
    remedy:
      "If the store has the ring, move this file away and start again: the node takes the store's copy. Else restore " +
      "the file from a backup or another node's keys directory.",
  };
}

/** `path`: of the node's copy. */
export function nowhere(path: string, cause: StoreUnavailable): RingError {
  return new RingError(
    'ring_unreachable',
    `The store can't be reached and ${path} does not exist, so there is no key to start with. Bring the store up, ` +
      "or copy ring.json from another node's keys directory to that path.",
    cause,
  );
}
