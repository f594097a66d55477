/**
 * The keys that a client authenticates by: registered with it (`jwks`), or fetched from where it says
 * (`jwks_uri`) and kept in this process's memory, bounded in bytes; each worker and each node has its own.
 *
 * It promises (S-PKJ-16, S-PKJ-17, S-SSRF-10): a client that comes often enough never waits for a fetch; its new
 * key is taken within `COOL_DOWN_MS` of our last fetch; while its URI fails, the last good keys go on for
 * `maxStaleMs`; one URI is fetched once at a time by each portal, and once in `COOL_DOWN_MS` whatever is asked and
 * whatever came of it. What can't be had is no key, never an error: the caller verifies by a decoy then, and refuses.
 *
 * What it can't hide: the first assertion of a client that nobody asked for lately, or the first in the cool-down
 * with a `kid` that is not in its set, takes as long as a fetch.
 *
 * Kept by URI, not by client: an update to another URI is another entry, and a client that is gone is not asked
 * for. The keys of one URI are the same for whoever names it, they are public.
 */
import type { ClientJwk } from '../clients/client-jwks.ts';
import { bytesOfKeys, type TokenClient } from '../clients/token-client.ts';
import { createByteCache } from '../lib/byte-cache.ts';
import type { PortalName } from '../portals/portal-name.ts';

export interface ClientKeys {
  /** What `pick` takes of the client's keys. When it takes none, they may be fetched anew. Never rejects. */
  keysOf(client: KeyedClient, pick: PickKeys): Promise<readonly ClientJwk[]>;
}

export type PickKeys = (keys: readonly ClientJwk[]) => readonly ClientJwk[];

export interface KeyedClient extends Pick<TokenClient, 'portal'> {
  readonly metadata: Pick<TokenClient['metadata'], 'jwks' | 'jwks_uri'>;
}

export interface FetchedKeys {
  /** At least one. */
  readonly keys: readonly ClientJwk[];
  /** How long the answer says that it may be kept; `undefined` when it does not say. */
  readonly maxAgeSeconds: number | undefined;
}

/**
 * Ends in time, whatever the other side does. Rejects when there are no keys to be had; `busy` when nobody was
 * asked, because too many others are being asked.
 */
export type FetchKeys = (uri: string, portal: PortalName) => Promise<FetchedKeys | 'busy'>;

export interface ClientKeysOptions {
  readonly fetch: FetchKeys;
  /** Whether the portal's clients may have this URI now. */
  readonly isAllowed: (uri: string, portal: PortalName) => boolean;
  readonly maxStaleMs: number;
  readonly maxBytes: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

const SECOND_MS = 1000;
/** No URI is fetched twice within this: neither a stranger's unknown `kid`s nor a URI that fails make more of it. */
export const COOL_DOWN_MS = 30 * SECOND_MS;
/** Longer than the cool-down, so that it never stands in the way of keeping keys fresh. */
const MIN_FRESH_MS = 60 * SECOND_MS;
/** A key that was taken away is gone after this, whatever the answer said (L-23). */
const MAX_FRESH_MS = 60 * 60 * SECOND_MS;
const DEFAULT_FRESH_MS = 5 * 60 * SECOND_MS;
/** After this share of their time they are fetched anew beside the request that asks. */
const RENEW_AT = 0.75;

interface KeySet {
  readonly keys: readonly ClientJwk[];
  readonly freshMs: number;
  /** When the last fetch began, and the last that brought keys. */
  readonly askedAtMs: number;
  readonly fetchedAtMs: number;
}

const NEVER: KeySet = { keys: [], freshMs: 0, askedAtMs: -Infinity, fetchedAtMs: -Infinity };
const ENTRY_BYTES = 400;

export function createClientKeys({
  fetch,
  isAllowed,
  maxStaleMs,
  maxBytes,
  nowMs,
}: ClientKeysOptions): ClientKeys {
  const sets = createByteCache<KeySet>(
    maxBytes,
    ({ keys }, uri) => ENTRY_BYTES + uri.length + bytesOfKeys(keys),
  );
  const flights = new Map<string, Promise<KeySet>>();

  const known = (uri: string): KeySet => sets.get(uri) ?? NEVER;

  /** What is there afterwards: the same as before, where nothing could be fetched or it was too soon. */
  function renewed(uri: string, portal: PortalName): Promise<KeySet> {
    // Nobody joins another portal's: whether its turn comes depends on what else that portal makes us fetch.
    const name = `${portal} ${uri}`;
    const flight = flights.get(name);
    if (flight !== undefined) return flight;
    const askedAtMs = nowMs();
    if (askedAtMs - known(uri).askedAtMs < COOL_DOWN_MS) return Promise.resolve(known(uri));
    const fetched = fetch(uri, portal).then(
      (answer) => {
        if (answer === 'busy' || known(uri).fetchedAtMs > askedAtMs) return known(uri);
        const { keys, maxAgeSeconds } = answer;
        return { keys, freshMs: freshMsOf(maxAgeSeconds), askedAtMs, fetchedAtMs: askedAtMs };
      },
      () => ({ ...known(uri), askedAtMs: Math.max(known(uri).askedAtMs, askedAtMs) }),
    );
    const answer = fetched.then((set) => {
      sets.set(uri, set);
      flights.delete(name);
      return set;
    });
    flights.set(name, answer);
    return answer;
  }

  async function fetchedKeys(uri: string, portal: PortalName, pick: PickKeys): Promise<readonly ClientJwk[]> {
    const { keys, freshMs, askedAtMs, fetchedAtMs } = known(uri);
    const ageMs = nowMs() - fetchedAtMs;
    const isFailing = askedAtMs > fetchedAtMs;
    if (ageMs <= freshMs || (isFailing && ageMs <= maxStaleMs)) {
      const found = pick(keys);
      if (found.length > 0) {
        if (ageMs > freshMs * RENEW_AT) void renewed(uri, portal);
        return found;
      }
    }
    const set = await renewed(uri, portal);
    return nowMs() - set.fetchedAtMs <= Math.max(set.freshMs, maxStaleMs) ? pick(set.keys) : [];
  }

  return {
    async keysOf({ portal, metadata: { jwks, jwks_uri: uri } }, pick) {
      if (uri === undefined) return pick(jwks?.keys ?? []);
      return isAllowed(uri, portal) ? fetchedKeys(uri, portal, pick) : [];
    },
  };
}

function freshMsOf(maxAgeSeconds: number | undefined): number {
  if (maxAgeSeconds === undefined) return DEFAULT_FRESH_MS;
  return Math.min(Math.max(maxAgeSeconds * SECOND_MS, MIN_FRESH_MS), MAX_FRESH_MS);
}
