/**
 * The clients that this process has loaded, so that a token costs no look-up in the store. Bounded in bytes;
 * filled only from what the store has committed; what is unknown is never remembered.
 *
 * It promises: a client that was changed is not used as it was before, on this node from the
 * moment the change is acknowledged, on others within `TRUST_MS`; and while the store is away, a client that
 * is here goes on for `maxStaleMs`, at no cost. A client that is not here is the store's `StoreUnavailable`.
 */
import { createByteCache } from '../lib/byte-cache.ts';
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import type { ClientChanges } from './client-changes.ts';
import type { ClientId } from './client-id.ts';
import type { ClientStore } from './client-store.ts';
import { readNobody } from './nobody.ts';
import { bytesOf, sharing, type TokenClient, tokenClient } from './token-client.ts';

export interface ClientCacheOptions {
  readonly read: ClientStore['read'];
  readonly changes: ClientChanges;
  readonly maxBytes: number;
  /** For how long a client may be used that could not be compared with the store, because it is away. */
  readonly maxStaleMs: number;
  /** Monotonic milliseconds; a clock that is set must neither end nor lengthen anything (F-16). */
  readonly nowMs: () => number;
}

export interface ClientCache {
  /** Resolves when changes are followed, so that what is read is kept; or when the store did not answer. */
  readonly followed: Promise<void>;
  /** The client if it is here and may be used now; `undefined` says nothing but "not here". */
  warm(id: string, nowMs: number): TokenClient | undefined;
  /** `undefined`: the store knows no such client. Throws `StoreUnavailable` when that can't be told. */
  read(id: ClientId): Promise<TokenClient | undefined>;
  /** How many look-ups have begun so far. */
  lookUps(): number;
  /**
   * The same by a look-up that began after the first `since` of them, whatever is here; by an older one only
   * while the store is away.
   */
  readAnew(id: ClientId, since: number): Promise<TokenClient | undefined>;
  /** To be called when a mutation of this node has been answered by the store, however it ended. */
  forget(id: ClientId): void;
  /** What there is to see of it. */
  state(): ClientCacheState;
}

export interface ClientCacheState {
  readonly clients: number;
  readonly bytes: number;
  readonly misses: number;
  /** How far what is used may be behind the store. */
  readonly oldestAgeSeconds: number;
}

/**
 * For how long a client is used without word from the store that it is unchanged. With the time that it
 * takes to ask then, it stays well below the 5 s within which a change must take effect.
 */
export const TRUST_MS = 2000;

interface Entry {
  readonly client: TokenClient;
  /** When the look-up began that it came from, and which of all it was. */
  readonly readAtMs: number;
  readonly lookUp: number;
}

interface LookUp {
  readonly number: number;
  readonly found: Promise<TokenClient | undefined>;
}

export function createClientCache({
  read,
  changes,
  maxBytes,
  maxStaleMs,
  nowMs,
}: ClientCacheOptions): ClientCache {
  const entries = createByteCache<Entry>(maxBytes, ({ client }) => bytesOf(client));
  const shared = sharing();
  const loading = new Map<string, LookUp>();
  /** Look-ups that begin when the one under way is over. */
  const waiting = new Map<string, Promise<TokenClient | undefined>>();
  const openedAtMs = nowMs();
  /** Since when changes were told without a gap: what was read before one may have been changed in it. */
  let followedSinceMs = openedAtMs;
  let lookUps = 0;
  const followed = changes.follow(changed);

  function changed(id: ClientId | undefined): void {
    if (id !== undefined) {
      forget(id);
      return;
    }
    // Everything may be different. It is asked for again, not thrown away: the store may go away before.
    followedSinceMs = nowMs();
    loading.clear();
  }

  function forget(id: ClientId): void {
    entries.delete(id);
    // A look-up under way may be older than the change: nobody joins it, and it is not kept (S-RACE-08).
    loading.delete(id);
  }

  /** How long ago the entry was certainly what the store had, and whether it may be another one since. */
  function ageOf({ readAtMs }: Entry, now: number): { readonly ageMs: number; readonly inGap: boolean } {
    // Asked first: asking may be how we hear of a gap.
    const toldUntilMs = changes.toldUntilMs(now);
    const inGap = readAtMs < followedSinceMs;
    return { ageMs: now - (inGap ? readAtMs : Math.max(readAtMs, toldUntilMs)), inGap };
  }

  function load(id: ClientId): Promise<TokenClient | undefined> {
    // Where nothing is in memory yet, nobody else asks: a gap that is heard of after all look-ups would make
    // each of them be done again.
    changes.toldUntilMs(nowMs());
    const readAtMs = nowMs();
    lookUps += 1;
    const number = lookUps;
    const settled = (): boolean => loading.get(id)?.number === number && loading.delete(id);
    const found = read(id).then(
      (record) => {
        // Made of nobody too, so that an unknown one takes as long (S-TOK-11).
        const made = tokenClient(record ?? readNobody(), shared);
        const client = record && made;
        if (!settled()) return client;
        if (client === undefined) entries.delete(id);
        else entries.set(id, { client, readAtMs, lookUp: number });
        return client;
      },
      (error: unknown) => {
        settled();
        throw error;
      },
    );
    loading.set(id, { number, found });
    return found;
  }

  /**
   * By a look-up that began after the first `since`: an older one may not know what the caller was just told by
   * another node, such as its new secret. Where the one under way is older, however many ask meanwhile share
   * the next one.
   */
  function loadAnew(id: ClientId, since: number): Promise<TokenClient | undefined> {
    const entry = entries.get(id);
    if (entry !== undefined && entry.lookUp > since) return Promise.resolve(entry.client);
    const underWay = loading.get(id);
    if (underWay === undefined) return load(id);
    if (underWay.number > since) return underWay.found;
    // One that fails fails for all: a store that hangs is not asked twice within one request.
    const next = waiting.get(id) ?? underWay.found.finally(() => waiting.delete(id)).then(() => load(id));
    waiting.set(id, next);
    return next;
  }

  function warm(id: string, now: number): TokenClient | undefined {
    const entry = entries.get(id);
    if (entry === undefined) return undefined;
    const { ageMs, inGap } = ageOf(entry, now);
    const isTrusted = ageMs <= TRUST_MS && !inGap;
    return isTrusted || (ageMs <= maxStaleMs && changes.storeIsAway()) ? entry.client : undefined;
  }

  const readAnew = (id: ClientId, since: number) => orStale(id, loadAnew(id, since));

  /** Whoever meets a look-up shares it. That it found nobody is asked again: it may be older than the client. */
  async function readShared(id: ClientId): Promise<TokenClient | undefined> {
    const since = lookUps;
    const underWay = loading.get(id);
    return (underWay && (await orStale(id, underWay.found))) ?? readAnew(id, since);
  }

  async function orStale(
    id: ClientId,
    found: Promise<TokenClient | undefined>,
  ): Promise<TokenClient | undefined> {
    try {
      return await found;
    } catch (error) {
      const entry = entries.get(id);
      const mayServe = entry !== undefined && ageOf(entry, nowMs()).ageMs <= maxStaleMs;
      if (mayServe && error instanceof StoreUnavailable) return entry.client;
      throw error;
    }
  }

  return {
    followed,
    warm,
    forget,
    lookUps: () => lookUps,
    readAnew,
    read: async (id) => warm(id, nowMs()) ?? readShared(id),
    state() {
      const now = nowMs();
      const toldUntilMs = Math.max(openedAtMs, changes.toldUntilMs(now));
      const behindMs = entries.size === 0 ? 0 : now - toldUntilMs;
      return {
        clients: entries.size,
        bytes: entries.bytes,
        misses: lookUps,
        oldestAgeSeconds: Math.max(0, behindMs) / 1000,
      };
    },
  };
}

/** The store, with the cache told of what it has acknowledged before anybody else is. */
export function forgetting(store: ClientStore, { forget }: Pick<ClientCache, 'forget'>): ClientStore {
  return {
    ...store,
    async replace(record, ...conditions) {
      const outcome = await store.replace(record, ...conditions);
      forget(record.client_id);
      return outcome;
    },
    async delete(id, ...conditions) {
      const outcome = await store.delete(id, ...conditions);
      forget(id);
      return outcome;
    },
  };
}
