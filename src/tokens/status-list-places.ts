/**
 * Gives each token a place of its own in a Token Status List: a list of this process's own for each
 * algorithm, filled until it is full or old, then another. Nothing is stored: which places are taken has
 * not to be known, only which are revoked, and the revocation says that.
 */
import type { KeyedHash } from '../keys/derive.ts';
import type { SigningAlg } from '../keys/signing-alg.ts';
import type { RandomBytes } from '../lib/random.ts';
import { newStatusListId } from './status-list-id.ts';

/** Places in a list. All free, it is some 150 bytes on the wire; a verifier unpacks 128 KiB. */
export const STATUS_LIST_SIZE = 2 ** 20;
/** A list is filled for this long at most, so that verifiers need not keep old lists for few tokens. */
export const STATUS_LIST_OPEN_SECONDS = 60 * 60;

/** The claim `status` (draft-ietf-oauth-status-list section 6.1). */
export interface StatusClaim {
  readonly status_list: { readonly idx: number; readonly uri: string };
}

export interface StatusListPlaces {
  next(alg: SigningAlg, nowSeconds: number): StatusClaim;
}

interface OpenList {
  readonly uri: string;
  readonly openedAt: number;
  /** An odd step and a start: the places are taken in an order that does not tell how many tokens there are. */
  readonly step: number;
  readonly start: number;
  taken: number;
}

export function statusListPlaces(options: {
  readonly hash: KeyedHash;
  readonly random: RandomBytes;
  readonly uriOf: (alg: SigningAlg, id: string) => string;
}): StatusListPlaces {
  const { hash, random, uriOf } = options;
  const lists = new Map<SigningAlg, OpenList>();

  function open(alg: SigningAlg, openedAt: number): OpenList {
    const numbers = Buffer.from(random(8));
    const list = {
      uri: uriOf(alg, newStatusListId(alg, openedAt, { hash, random })),
      openedAt,
      step: numbers.readUInt32BE(0) | 1,
      start: numbers.readUInt32BE(4),
      taken: 0,
    };
    lists.set(alg, list);
    return list;
  }

  return {
    next: (alg, nowSeconds) => {
      const known = lists.get(alg);
      const age = nowSeconds - (known?.openedAt ?? 0);
      // A clock that was set back may not give a list a token that outlives it.
      const usable = age >= 0 && age < STATUS_LIST_OPEN_SECONDS && known?.taken !== STATUS_LIST_SIZE;
      const list = known !== undefined && usable ? known : open(alg, nowSeconds);
      // A step that shares no factor with the size comes to each place once.
      const idx = (Math.imul(list.taken, list.step) + list.start) & (STATUS_LIST_SIZE - 1);
      list.taken += 1;
      return { status_list: { idx, uri: list.uri } };
    },
  };
}
