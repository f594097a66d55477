/**
 * The `Authorization` that registers clients at a provider: a token of the operator's, or one fetched with
 * `client_credentials` and kept until shortly before it ends. A fetched one is forgotten when the provider
 * refuses it, so that the caller may ask once more.
 */
import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  clientCredentialsGrant,
  customFetch,
} from 'openid-client';
import { UpstreamFailure } from '../registration/upstream.ts';
import { withFetch } from './as-fetch.ts';
import { OutboundError } from './outbound/evidence.ts';
import type { Outbound } from './outbound/outbound.ts';

export interface InitialCredential {
  /** `undefined` where the provider wants none. */
  authorization(tokenEndpoint: URL | undefined, signal: AbortSignal): Promise<string | undefined>;
  /** Whether another one may be asked for after the provider refused this one. */
  forget(): boolean;
}

export interface TokenClient {
  readonly client_id: string;
  readonly client_secret: string;
  readonly auth_method: 'client_secret_basic' | 'client_secret_post';
  readonly scope?: string | undefined;
  readonly audience?: string | undefined;
}

/** A token in a header: nothing that would end the header or begin another (RFC 6750 section 2.1). */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

export function staticCredential(scheme: string, token: string | undefined): InitialCredential {
  return {
    authorization: async () => (token === undefined ? undefined : `${scheme} ${token}`),
    forget: () => false,
  };
}

export interface FetchedCredentialOptions {
  readonly client: TokenClient;
  readonly issuer: string;
  readonly allowInsecureLoopback: boolean;
  readonly outbound: Outbound;
  /** `once`: each token is good for one registration. */
  readonly tokenUse: 'many' | 'once';
  readonly nowMs: () => number;
}

/** Before a token's end: the clock's error, and the time of the request that uses it. */
const MARGIN_MS = 30_000;
const DEFAULT_LIFETIME_SECONDS = 60;

export function fetchedCredential(options: FetchedCredentialOptions): InitialCredential {
  let kept: { readonly authorization: string; readonly untilMs: number } | undefined;
  let fetching: Promise<string> | undefined;

  async function fetchOne(tokenEndpoint: URL, signal: AbortSignal): Promise<string> {
    const { token, lifetimeSeconds } = await requestToken(options, tokenEndpoint, signal);
    const authorization = `Bearer ${token}`;
    kept = { authorization, untilMs: options.nowMs() + lifetimeSeconds * 1000 - MARGIN_MS };
    return authorization;
  }
  return {
    async authorization(tokenEndpoint, signal) {
      if (tokenEndpoint === undefined) throw noTokenEndpoint(options.issuer);
      if (options.tokenUse === 'once') return fetchOne(tokenEndpoint, signal);
      if (kept !== undefined && kept.untilMs > options.nowMs()) return kept.authorization;
      fetching ??= fetchOne(tokenEndpoint, signal).finally(() => {
        fetching = undefined;
      });
      return fetching;
    },
    forget() {
      kept = undefined;
      return true;
    },
  };
}

async function requestToken(options: FetchedCredentialOptions, tokenEndpoint: URL, signal: AbortSignal) {
  const { client, issuer, outbound, allowInsecureLoopback } = options;
  const authenticate = client.auth_method === 'client_secret_basic' ? ClientSecretBasic : ClientSecretPost;
  const purpose = { outbound, url: tokenEndpoint, refused: 'upstream_credential_refused' } as const;
  const answer = await withFetch(purpose, signal, (fetch) => {
    const configuration = new Configuration(
      { issuer, token_endpoint: tokenEndpoint.href },
      client.client_id,
      undefined,
      authenticate(client.client_secret),
    );
    configuration[customFetch] = fetch;
    if (allowInsecureLoopback) allowInsecureRequests(configuration);
    return clientCredentialsGrant(configuration, {
      ...(client.scope === undefined ? {} : { scope: client.scope }),
      ...(client.audience === undefined ? {} : { audience: client.audience }),
    });
  });
  if (answer.token_type !== 'bearer' || !TOKEN.test(answer.access_token)) {
    throw new UpstreamFailure('upstream_malformed', 'not_done', {
      cause: new OutboundError({ method: 'POST', url: tokenEndpoint }, 'NO_BEARER_TOKEN'),
    });
  }
  return { token: answer.access_token, lifetimeSeconds: answer.expires_in ?? DEFAULT_LIFETIME_SECONDS };
}

function noTokenEndpoint(issuer: string): UpstreamFailure {
  return new UpstreamFailure('upstream_malformed', 'not_done', {
    cause: new OutboundError({ method: 'GET', url: new URL(issuer) }, 'NO_TOKEN_ENDPOINT'),
  });
}
