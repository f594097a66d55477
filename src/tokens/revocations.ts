/**
 * The revoked tokens as this process knows them: all of the store's that have not expired, in memory. It
 * answers without the store, and says so when it has not heard from the store for too long: by then a token
 * may have been revoked elsewhere, and whoever asks must not be told that it is good.
 */
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import type { Revocation, RevocationStore } from './revocation-store.ts';

export interface Revocations {
  /** Throws `StoreUnavailable` when the store was last heard too long ago. */
  isRevoked(jti: string, nowSeconds: number): boolean;
  /** The indexes that are revoked in a status list; throws as `isRevoked`. */
  revokedIn(list: string, nowSeconds: number): ReadonlySet<number>;
  /** On disk and known here when it resolves. Throws `StoreUnavailable`. */
  revoke(revocation: Revocation): Promise<void>;
  /** Reads what is new. Never rejects. */
  refresh(nowSeconds: number): Promise<void>;
}

/** How often each process reads what is new: a fifth of the time within which the others must know. */
export const REVOCATIONS_REFRESH_MS = 1000;
const PRUNE_EVERY_SECONDS = 60;
const NONE: ReadonlySet<number> = new Set();

interface Options {
  readonly store: RevocationStore;
  /** How old what is known may be. */
  readonly maxStaleSeconds: number;
  /** Hears of each reading: its error, or `undefined`. */
  readonly report: (error: unknown) => void;
}

export function createRevocations({ store, maxStaleSeconds, report }: Options): Revocations {
  const revoked = new Map<string, Revocation>();
  const lists = new Map<string, Set<number>>();
  let cursor = 0;
  let heardAt = Number.NEGATIVE_INFINITY;
  let prunedAt = Number.NEGATIVE_INFINITY;

  function add(revocation: Revocation): void {
    revoked.set(revocation.jti, revocation);
    const { entry } = revocation;
    if (entry === undefined) return;
    const indexes = lists.get(entry.list);
    if (indexes === undefined) lists.set(entry.list, new Set([entry.index]));
    else indexes.add(entry.index);
  }

  function prune(nowSeconds: number): void {
    if (nowSeconds < prunedAt + PRUNE_EVERY_SECONDS) return;
    prunedAt = nowSeconds;
    for (const { jti, expires_at, entry } of revoked.values()) {
      if (nowSeconds < expires_at) continue;
      revoked.delete(jti);
      const indexes = entry && lists.get(entry.list);
      if (indexes?.delete(entry?.index ?? -1) && indexes.size === 0) lists.delete(entry?.list ?? '');
    }
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
