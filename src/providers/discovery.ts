/**
 * What a provider says of itself (OpenID Discovery, RFC 8414): read at first use, and again by `refresh`. A
 * document is taken whole or not at all: the issuer to the letter, every endpoint that we use on an allowed
 * host. While a newer one can't be read or taken, the last good one stays in use (S-UP-12, S-SSRF-06).
 */
import { allowInsecureRequests, customFetch, discovery, None } from 'openid-client';
import { UpstreamFailure } from '../registration/upstream.ts';
import { allowedEndpoint, type EndpointRules } from './allowed-endpoint.ts';
import { withFetch } from './as-fetch.ts';
import { OutboundError } from './outbound/evidence.ts';
import type { Outbound } from './outbound/outbound.ts';

export interface Endpoints {
  readonly registration: URL;
  /** Absent where the document names none. */
  readonly token: URL | undefined;
}

export interface Discovery {
  /** The last good ones; reads the document when there are none yet. */
  endpoints(signal: AbortSignal): Promise<Endpoints>;
  /** Reads the document again. Throws `UpstreamFailure`, and keeps the last good one. */
  refresh(signal: AbortSignal): Promise<Endpoints>;
  /** Whether the document was never read, or too long ago. */
  isDue(): boolean;
}

export interface DiscoveryOptions extends EndpointRules {
  /** `oidc`: `/.well-known/openid-configuration` after the issuer; `oauth2`: RFC 8414's place. */
  readonly algorithm: 'oidc' | 'oauth2';
  /** In place of what the document says, or does not say. */
  readonly registrationEndpoint?: string | undefined;
  readonly outbound: Outbound;
  readonly nowMs: () => number;
}

const FRESH_MS = 60 * 60 * 1000;

export function createDiscovery(options: DiscoveryOptions): Discovery {
  let known: { readonly endpoints: Endpoints; readonly readAtMs: number } | undefined;
  let reading: Promise<Endpoints> | undefined;

  const refresh = (signal: AbortSignal) => {
    // One at a time: the callers of a provider that was just started all come at once.
    reading ??= readEndpoints(options, signal)
      .then((endpoints) => {
        known = { endpoints, readAtMs: options.nowMs() };
        return endpoints;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  return {
    refresh,
    endpoints: async (signal) => known?.endpoints ?? refresh(signal),
    isDue: () => known === undefined || options.nowMs() - known.readAtMs > FRESH_MS,
  };
}

async function readEndpoints(options: DiscoveryOptions, signal: AbortSignal): Promise<Endpoints> {
  const { issuer, algorithm, outbound, allowInsecureLoopback } = options;
  const url = new URL(issuer);
  const found = await withFetch({ outbound, url, refused: 'upstream_malformed' }, signal, (fetch) =>
    discovery(url, 'dcr-bridge', undefined, None(), {
      algorithm,
      [customFetch]: fetch,
      ...(allowInsecureLoopback ? { execute: [allowInsecureRequests] } : {}),
    }),
  );
  const document = found.serverMetadata();
  const wrong = (code: string) =>
    new UpstreamFailure('upstream_malformed', 'not_done', {
      cause: new OutboundError({ method: 'GET', url }, code),
    });
  // The library compares parsed URLs; an issuer is compared as a string (RFC 8414 section 3.3).
  if (document.issuer !== issuer) throw wrong('ISSUER_DIFFERS');
  const registration = options.registrationEndpoint ?? document.registration_endpoint;
  if (registration === undefined) throw wrong('NO_REGISTRATION_ENDPOINT');
  const allowed = { registration: allowedEndpoint(registration, options), token: tokenEndpoint() };
  if (allowed.registration === undefined) throw wrong('REGISTRATION_ENDPOINT_REFUSED');
  return { registration: allowed.registration, token: allowed.token };

  function tokenEndpoint(): URL | undefined {
    if (document.token_endpoint === undefined) return undefined;
    const endpoint = allowedEndpoint(document.token_endpoint, options);
    if (endpoint === undefined) throw wrong('TOKEN_ENDPOINT_REFUSED');
    return endpoint;
  }
}
