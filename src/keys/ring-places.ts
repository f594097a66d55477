/** Where a key ring is kept, in words for the operator: the name of the place, and how to put it right. */
import type { Place } from './ring-document.ts';

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
