/**
 * The revoked tokens as this process knows them: all of the store's that have not expired, in memory. It
 * answers without the store, and says so when it has not heard from the store for too long: by then a token
 * may have been revoked elsewhere, and whoever asks must not be told that it is good.
 */
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import type { Revocation, RevocationStore, StatusEntry } from './revocation-store.ts';

export interface RevokedPlaces {
  readonly indexes: ReadonlySet<number>;
  /** Another number means other indexes. */
  readonly changes: number;
}

export interface Revocations {
  /** Throws `StoreUnavailable` when the store was last heard too long ago. */
  isRevoked(jti: string, nowSeconds: number): boolean;
  /** What is revoked in a status list; throws as `isRevoked`. */
  revokedIn(list: string, nowSeconds: number): RevokedPlaces;
  /** On disk and known here when it resolves. Throws `StoreUnavailable`. */
  revoke(revocation: Revocation): Promise<void>;
  /** Reads what is new. Never rejects. */
  refresh(nowSeconds: number): Promise<void>;
}

/** How often each process reads what is new: a fifth of the time within which the others must know. */
export const REVOCATIONS_REFRESH_MS = 1000;
const PRUNE_EVERY_SECONDS = 60;
const NONE: RevokedPlaces = { indexes: new Set(), changes: 0 };

interface Options {
  readonly store: RevocationStore;
  /** How old what is known may be. */
  readonly maxStaleSeconds: number;
  /** Hears of each reading: its error, or `undefined`. */
  readonly report: (error: unknown) => void;
}

export function createRevocations({ store, maxStaleSeconds, report }: Options): Revocations {
  const revoked = new Map<string, Revocation>();
  const lists = new Map<string, { readonly indexes: Set<number>; changes: number }>();
  let changes = 0;
  let cursor = 0;
  let heardAt = Number.NEGATIVE_INFINITY;
  let prunedAt = Number.NEGATIVE_INFINITY;

  function add(revocation: Revocation): void {
    if (revoked.has(revocation.jti)) return;
    revoked.set(revocation.jti, revocation);
    const { entry } = revocation;
    if (entry === undefined) return;
    const list = lists.get(entry.list) ?? { indexes: new Set(), changes: 0 };
    lists.set(entry.list, list);
    list.indexes.add(entry.index);
    changes += 1;
    list.changes = changes;
  }

  function prune(nowSeconds: number): void {
    if (nowSeconds < prunedAt + PRUNE_EVERY_SECONDS) return;
    prunedAt = nowSeconds;
    for (const { jti, expires_at, entry } of revoked.values()) {
      if (nowSeconds < expires_at) continue;
      revoked.delete(jti);
      if (entry !== undefined) forgetPlace(entry);
    }
  }

  function forgetPlace({ list, index }: StatusEntry): void {
    const indexes = lists.get(list)?.indexes;
    indexes?.delete(index);
    // It changes nothing for anybody: the token is over. So the list is not signed anew for it.
    if (indexes?.size === 0) lists.delete(list);
  }

  function requireFresh(nowSeconds: number): void {
    if (nowSeconds - heardAt <= maxStaleSeconds) return;
    throw new StoreUnavailable('revocations: not heard from the store for too long', 'not_done');
  }

  return {
    isRevoked: (jti, nowSeconds) => {
      requireFresh(nowSeconds);
      return revoked.has(jti);
    },
    revokedIn: (list, nowSeconds) => {
      requireFresh(nowSeconds);
      return lists.get(list) ?? NONE;
    },
    revoke: async (revocation) => {
      await store.revoke(revocation);
      add(revocation);
    },
    refresh: async (nowSeconds) => {
      try {
        for (let more = true; more; ) {
          const page = await store.readAfter(cursor);
          page.revocations.forEach(add);
          ({ cursor, more } = page);
        }
        heardAt = nowSeconds;
        report(undefined);
      } catch (error) {
        report(error);
      }
      prune(nowSeconds);
    },
  };
}
