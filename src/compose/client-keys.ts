/**
 * Puts together where the keys of clients come from. Where a portal may have `jwks_uri`, the guard of the way
 * out is put to the proof first, and the service does not start with one that does not guard (S-SSRF-12).
 */
import { jwksUriProblem } from '../clients/jwks-uri.ts';
import type { Config } from '../config/schema.ts';
import { createKeyFetch, type KeyFetch } from '../providers/client-jwks.ts';
import { dnsResolve } from '../providers/outbound/dns-resolve.ts';
import { guardedWay, type Way, type WayOptions } from '../providers/outbound/guarded-way.ts';
import { proveGuard } from '../providers/outbound/self-test.ts';
import { type ClientKeys, createClientKeys } from '../tokens/client-keys.ts';
import { jwksUriRules } from './jwks-uri-rules.ts';

/** A token request ends within 5 s, and there is more to it than this. */
const FETCH_TIMEOUT_MS = 2000;
/** The keys of some thousand clients. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_SOCKETS = 256;

export interface OpenedClientKeys {
  readonly keys: ClientKeys;
  close(): void;
}

/** Throws when the guard does not guard. */
export async function openClientKeys(
  config: Config,
  observe: (fetch: KeyFetch) => void,
  wayOf: (options: WayOptions) => Way = guardedWay,
): Promise<OpenedClientKeys> {
  const guard = { maxSockets: MAX_SOCKETS, tls: {}, resolve: dnsResolve() };
  const isUsed = Object.values(config.portals).some(({ jwks_uri_hosts = [] }) => jwks_uri_hosts.length > 0);
  if (isUsed) await proveGuard(() => wayOf({ ...guard, networks: [], allowLoopback: false }));
  const way = wayOf({
    ...guard,
    networks: config.client_jwks_networks,
    allowLoopback: config.allow_insecure_client_jwks,
  });
  const rulesOf = jwksUriRules(config);
  const keys = createClientKeys({
    fetch: createKeyFetch({ way, timeoutMs: FETCH_TIMEOUT_MS, observe }),
    isAllowed: (uri, portal) => jwksUriProblem(uri, rulesOf(portal)) === undefined,
    maxStaleMs: config.client_jwks_max_stale_seconds * 1000,
    maxBytes: MAX_BYTES,
    nowMs: () => performance.now(),
  });
  return { keys, close: way.close };
}
