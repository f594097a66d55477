/**
 * Which store this is: a random name that the first node gives to an empty store and every node remembers.
 * Where it is missing or another one, the store was emptied or replaced while nodes were running: that its
 * clients are not found means nothing then, and nothing is changed, until the store is restored or the node
 * is started anew and so told to accept it (F-24).
 */
import type { RandomBytes } from '../../lib/random.ts';
import { StoreUnavailable } from '../../lib/store-unavailable.ts';
import type { StorageKeys } from './storage-schema.ts';

/** Throws `StoreUnavailable` when `epoch`, read with what was missing, is not the one that is known. */
export type RefuseEmptied = (operation: string, epoch: string | null) => void;

export interface StoreEpoch {
  /** A name for a store that has none; `''` once one is known: an emptied store is given none. */
  proposal(): string;
  /** Whether `epoch` is the known one. The first that is seen becomes it. */
  isKnown(epoch: string): boolean;
  readonly refuseEmptied: RefuseEmptied;
  /** For the commits' scripts (`commit-script.ts`). */
  readonly whichStore: () => string;
}

export function storeEpoch(keys: Pick<StorageKeys, 'storeEpoch'>, random: RandomBytes): StoreEpoch {
  let known = '';
  return {
    proposal: () => (known === '' ? Buffer.from(random(16)).toString('base64url') : ''),
    isKnown: (epoch) => {
      if (known === '') known = epoch;
      return epoch === known;
    },
    refuseEmptied: (operation, epoch) => {
      if (known !== '' && epoch !== known) throw storeEmptied(operation);
    },
    whichStore: () => (known === '' ? '' : `${keys.storeEpoch} ${known}`),
  };
}

export function storeEmptied(operation: string): StoreUnavailable {
  return new StoreUnavailable(
    `${operation}: Redis was emptied or replaced since this node started`,
    'not_done',
  );
}
