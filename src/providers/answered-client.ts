/**
 * The client in a provider's answer, checked as far as it concerns whom we call next: it is the one that was asked
 * for (S-UP-10), and is managed only where our rules allow a call.
 */
import type { UpstreamClient, UpstreamManagement } from '../registration/upstream.ts';
import { allowedEndpoint, type EndpointRules } from './allowed-endpoint.ts';
import { malformed } from './answer.ts';
import { readClient } from './client-document.ts';
import type { OutboundAnswer, OutboundRequest } from './outbound/exchange.ts';
import type { Preset } from './presets.ts';

/** The client that was asked for, or where new ones are registered. */
type Known = { readonly expected: UpstreamManagement } | { readonly registration: URL };

export function clientIn(
  rules: EndpointRules & { readonly preset: Preset },
  exchanged: { readonly request: OutboundRequest; readonly answer: OutboundAnswer },
  document: unknown,
  known: Known,
): UpstreamClient {
  const { preset } = rules;
  const expected = 'expected' in known ? known.expected : undefined;
  const client = readClient(document, preset);
  if (client === undefined) throw malformed(exchanged, 'NO_CLIENT_DOCUMENT');
  // One provider's answer about another's client (S-UP-10).
  if (expected !== undefined && client.client_id !== expected.client_id)
    throw malformed(exchanged, 'ANOTHER_CLIENT');
  if (preset.management !== 'registration_access_token') {
    const registration_client_uri = preset.management === 'none' ? undefined : placeOf(known, client);
    return { ...client, registration_client_uri, registration_access_token: undefined };
  }
  const uri = client.registration_client_uri;
  // Its token is sent nowhere. The client is there all the same: who it is goes with the failure.
  if (uri !== undefined && allowedEndpoint(uri, rules) === undefined)
    throw malformed(exchanged, 'REGISTRATION_CLIENT_URI_REFUSED', client.client_id);
  return {
    ...client,
    registration_client_uri: uri ?? expected?.registration_client_uri,
    registration_access_token: client.registration_access_token ?? expected?.registration_access_token,
  };
}

/** Where such a client is managed: nobody says so, so it is known from where it was registered. */
function placeOf(known: Known, { client_id }: UpstreamClient): string | undefined {
  return 'registration' in known
    ? below(known.registration, client_id).href
    : known.expected.registration_client_uri;
}

export function below(registration: URL, clientId: string): URL {
  return new URL(`${registration.href.replace(/\/$/, '')}/${encodeURIComponent(clientId)}`);
}
