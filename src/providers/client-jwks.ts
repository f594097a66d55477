/**
 * Fetches the keys of a client from its `jwks_uri`, over the guarded way out: no redirect, nothing decompressed,
 * at most 64 KiB, to an address that was judged when it was connected to (S-SSRF-01…05).
 *
 * Hosts are chosen by whoever registers clients, and any of them may hang. So that one costs the others nothing,
 * each portal has its own connections, and each host a share of its portal's: a portal can keep its own clients
 * waiting, and only those. There is no circuit breaker: one URI is asked twice a minute at most anyway
 * (`tokens/client-keys.ts`). The price: a host that many portals name gets a share from each.
 *
 * Every failure ends at the deadline, not before: a port that is closed, a name that does not exist, a page that
 * is no key set and an address that is refused look and take the same to whoever makes us ask (S-SSRF-09).
 */
import { once } from 'node:events';
import { type ClientJwk, usableKeys } from '../clients/client-jwks.ts';
import { UpstreamFailure } from '../registration/upstream.ts';
import type { FetchKeys } from '../tokens/client-keys.ts';
import { startDeadline } from './outbound/deadline.ts';
import { OutboundError } from './outbound/evidence.ts';
import type { OutboundAnswer, OutboundRequest } from './outbound/exchange.ts';
import type { Way } from './outbound/guarded-way.ts';
import { createLanes } from './outbound/lanes.ts';

export interface KeyFetch {
  readonly portal: string;
  /** Host and port; nothing else of the URL, which may hold a credential. */
  readonly host: string;
  /** `OK`, or why there are no keys. */
  readonly code: string;
}

export interface KeyFetchOptions {
  readonly way: Way;
  /** Within which a fetch ends, whatever it consists of. */
  readonly timeoutMs: number;
  readonly observe: (fetch: KeyFetch) => void;
}

/** A cold start of all clients of a host goes through in turns; one that hangs keeps so many of its portal's. */
const TO_ONE_HOST = 8;
const OF_ONE_PORTAL = 32;
/** Each is a token request that waits for its keys. */
const MAX_WAITING = 2000;

export function createKeyFetch({ way, timeoutMs, observe }: KeyFetchOptions): FetchKeys {
  const turns = { maxWaiting: MAX_WAITING, maxWaitMs: timeoutMs / 2 };
  const hosts = createLanes({ ...turns, limit: TO_ONE_HOST });
  const portals = createLanes({ ...turns, limit: OF_ONE_PORTAL });

  /** `undefined`: its turn did not come. */
  async function inTurn(portal: string, request: OutboundRequest, signal: AbortSignal) {
    // The portal is in both names: nobody waits here for another's calls of the same host.
    const leaveHost = await hosts.enter(`${portal} ${request.url.host}`, signal);
    const leavePortal = leaveHost && (await portals.enter(portal, signal));
    try {
      return leavePortal && (await way.request(request, signal));
    } finally {
      leavePortal?.();
      leaveHost?.();
    }
  }

  return async function fetchKeys(uri, portal) {
    const request: OutboundRequest = {
      method: 'GET',
      url: new URL(uri),
      headers: { accept: 'application/jwk-set+json, application/json' },
    };
    const { host } = request.url;
    const { signal, clear } = startDeadline(timeoutMs);
    try {
      const answer = await inTurn(portal, request, signal);
      if (answer === undefined) {
        observe({ portal, host, code: 'TOO_MANY_CALLS' });
        await ended(signal);
        return 'busy';
      }
      const keys = keysIn(request, answer);
      observe({ portal, host, code: 'OK' });
      return { keys, maxAgeSeconds: maxAgeOf(answer.headers['cache-control']) };
    } catch (error) {
      observe({ portal, host, code: codeOf(error) });
      await ended(signal);
      throw error;
    } finally {
      clear();
    }
  };
}

async function ended(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

function keysIn(request: OutboundRequest, { status, headers, text }: OutboundAnswer): readonly ClientJwk[] {
  if (status !== 200) throw new OutboundError(request, 'NOT_200', status);
  if (!/^application\/(?:jwk-set\+)?json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) {
    throw new OutboundError(request, 'NOT_JSON', status);
  }
  const keys = usableKeys(parsed(text));
  if (typeof keys === 'string') throw new OutboundError(request, keys, status);
  return keys;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** RFC 9111 section 5.2.2: what may not be kept is kept for the least that we keep anything. */
function maxAgeOf(cacheControl = ''): number | undefined {
  if (/(?:^|[\s,])no-(?:store|cache)\b/i.test(cacheControl)) return 0;
  const [, seconds] = /(?:^|[\s,])max-age=(\d{1,9})\b/i.exec(cacheControl) ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}

function codeOf(error: unknown): string {
  const evidence = error instanceof UpstreamFailure ? error.cause : error;
  return evidence instanceof OutboundError ? evidence.code : 'UNKNOWN';
}
