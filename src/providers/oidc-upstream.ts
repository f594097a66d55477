/**
 * The driver for upstream identity providers: register (RFC 7591), read, update and remove (RFC 7592), and
 * find by our marker where the provider can search. It implements `Upstream`, whose promises it keeps.
 *
 * Nothing is kept here of a client. A request that changes something is sent once; the one exception is a
 * registration that was refused with 401 under a token that can be fetched anew, which is certainly not done.
 */
import {
  type Upstream,
  UpstreamFailure,
  type UpstreamFailureReason,
  type UpstreamManagement,
} from '../registration/upstream.ts';
import { allowedEndpoint, type EndpointRules } from './allowed-endpoint.ts';
import { documentOf, malformed, refusalOf } from './answer.ts';
import { below, clientIn } from './answered-client.ts';
import { carriesMarker, requestDocument } from './client-document.ts';
import type { Discovery, Endpoints } from './discovery.ts';
import type { InitialCredential } from './initial-credential.ts';
import { startDeadline } from './outbound/deadline.ts';
import { OutboundError } from './outbound/evidence.ts';
import type { OutboundRequest } from './outbound/exchange.ts';
import type { Outbound } from './outbound/outbound.ts';
import type { Preset } from './presets.ts';

export type Operation = 'discover' | 'authorize' | 'register' | 'read' | 'update' | 'remove' | 'find';

export interface CallObservation {
  readonly operation: Operation;
  readonly outcome: 'done' | UpstreamFailureReason;
  readonly seconds: number;
}

export interface OidcUpstreamOptions extends EndpointRules {
  /** The preset's row with what the configuration overrides. */
  readonly preset: Preset;
  /** URL with `{marker}` where the provider can search; answers a JSON array of client documents. */
  readonly searchUrl?: string | undefined;
  readonly outbound: Outbound;
  readonly discovery: Discovery;
  readonly credential: InitialCredential;
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  readonly observe: (call: CallObservation) => void;
}

export interface OidcUpstream extends Upstream {
  /** Whether its clients can be read, changed and removed. */
  readonly manageable: boolean;
  /** Reads the discovery document anew. */
  discover(): Promise<void>;
  /** Whether the credential that registers can be had; that it is good, only a registration shows. */
  authorize(): Promise<void>;
}

interface Authorized {
  readonly url: URL;
  readonly authorization: string | undefined;
}

export function createOidcUpstream(options: OidcUpstreamOptions): OidcUpstream {
  const { issuer, preset, outbound, discovery, credential, searchUrl } = options;
  const { marker: place } = preset;

  async function call<T>(operation: Operation, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const startedAtMs = options.nowMs();
    const { signal, clear } = startDeadline(options.timeoutMs);
    const tell = (outcome: CallObservation['outcome']) =>
      options.observe({ operation, outcome, seconds: (options.nowMs() - startedAtMs) / 1000 });
    try {
      const result = await act(signal);
      tell('done');
      return result;
    } catch (error) {
      if (error instanceof UpstreamFailure) tell(error.reason);
      throw error;
    } finally {
      clear();
    }
  }

  /** What comes before the request itself: whatever fails here, the request was not sent. */
  function prepare(
    signal: AbortSignal,
  ): Promise<{ endpoints: Endpoints; authorization: string | undefined }> {
    return beforehand(async () => {
      const endpoints = await discovery.endpoints(signal);
      return { endpoints, authorization: await credential.authorization(endpoints.token, signal) };
    });
  }

  async function send(
    method: OutboundRequest['method'],
    { url, authorization }: Authorized,
    signal: AbortSignal,
    document?: Readonly<Record<string, unknown>>,
  ) {
    const request: OutboundRequest = {
      method,
      url,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(document === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: document === undefined ? undefined : JSON.stringify(document),
    };
    const answer = await outbound.request(request, signal);
    return { request, answer, secrets: secretsIn(authorization), nowMs: options.nowMs() };
  }

  /** The place and the credential that manage a client. */
  async function management(client: UpstreamManagement, signal: AbortSignal): Promise<Authorized> {
    if (preset.management === 'initial_credential') {
      const { endpoints, authorization } = await prepare(signal);
      return { url: below(endpoints.registration, client.client_id), authorization };
    }
    // Judged at each use: what was allowed when the client was registered may not be any more.
    const url = allowedEndpoint(client.registration_client_uri, options);
    if (url === undefined || client.registration_access_token === undefined) throw unmanageable(issuer);
    return { url, authorization: `Bearer ${client.registration_access_token}` };
  }

  return {
    issuer,
    manageable: preset.management !== 'none',
    searchable: searchUrl !== undefined || preset.searchQuery !== undefined,
    discover: () => call('discover', async (signal) => void (await discovery.refresh(signal))),
    authorize: () => call('authorize', async (signal) => void (await prepare(signal))),
    register: (metadata, marker) =>
      call('register', async (signal) => {
        const document = requestDocument(metadata, marker, preset);
        const attempt = async () => {
          const { endpoints, authorization } = await prepare(signal);
          return send('POST', { url: endpoints.registration, authorization }, signal, document);
        };
        let exchanged = await attempt();
        if (exchanged.answer.status === 401 && credential.forget()) exchanged = await attempt();
        return clientIn(options, exchanged, documentOf(exchanged), { registration: exchanged.request.url });
      }),
    read: (client) =>
      call('read', async (signal) => {
        const exchanged = await send('GET', await management(client, signal), signal);
        return clientIn(options, exchanged, documentOf(exchanged), { expected: client });
      }),
    update: (client, metadata, marker) =>
      call('update', async (signal) => {
        // RFC 7592 section 2.2: the whole document with the client_id, and nothing that the server set.
        const document = { ...requestDocument(metadata, marker, preset), client_id: client.client_id };
        const exchanged = await send('PUT', await management(client, signal), signal, document);
        return clientIn(options, exchanged, documentOf(exchanged), { expected: client });
      }),
    remove: (client) =>
      call('remove', async (signal) => {
        const exchanged = await send('DELETE', await management(client, signal), signal);
        const { status } = exchanged.answer;
        if (status === 404 || status === 410) return 'absent';
        if (status < 200 || status > 299) throw refusalOf(exchanged);
        return 'removed';
      }),
    find: (marker) =>
      call('find', async (signal) => {
        const { endpoints, authorization } = await prepare(signal);
        const url = searchFor(marker, endpoints);
        if (url === undefined) return [];
        const exchanged = await send('GET', { url, authorization }, signal);
        const documents = documentOf(exchanged);
        if (!Array.isArray(documents)) throw malformed(exchanged, 'NO_LIST');
        return documents
          .filter((document) => carriesMarker(document, marker, place))
          .map((document) => clientIn(options, exchanged, document, endpoints));
      }),
  };

  function searchFor(marker: string, { registration }: Endpoints): URL | undefined {
    const query = preset.searchQuery;
    const template = searchUrl ?? (query === undefined ? undefined : `${registration.href}?${query}`);
    if (template === undefined) return undefined;
    const term = place === 'client_name_start' ? `[${marker}]` : marker;
    const url = allowedEndpoint(template.replaceAll('{marker}', encodeURIComponent(term)), options);
    if (url === undefined) throw unmanageable(issuer);
    return url;
  }
}

/** A failure of what comes before a request says nothing was done, whatever it was of itself. */
async function beforehand<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UpstreamFailure) || error.outcome === 'not_done') throw error;
    const { reason, status, retryAfterSeconds, cause } = error;
    throw new UpstreamFailure(reason, 'not_done', { status, retryAfterSeconds, cause });
  }
}

function unmanageable(issuer: string): UpstreamFailure {
  return new UpstreamFailure('upstream_malformed', 'not_done', {
    cause: new OutboundError({ method: 'GET', url: new URL(issuer) }, 'NO_USABLE_MANAGEMENT_URI'),
  });
}

function secretsIn(authorization: string | undefined): readonly string[] {
  const token = authorization?.replace(/^\S+ /, '');
  return token === undefined ? [] : [token];
}
