/**
 * The short road to a token: authenticate by secret, decide, sign. One look-up of the client, one hash, one
 * signature. It ends in the same store, the same grant policy and the same key ring as the engine's road,
 * and answers what that would answer; a test sends both the same requests.
 */
import { isClientId } from '../clients/client-id.ts';
import type { ClientRecord } from '../clients/client-record.ts';
import type { ClientStore } from '../clients/client-store.ts';
import type { TokenRequest } from './grant-policy.ts';
import type { TokenResponse } from './issue.ts';
import type { PlainRequest } from './plain-request.ts';
import { authenticationFailed } from './token-refusal.ts';

export interface ShortRoadContext {
  readonly clients: Pick<ClientStore, 'read'>;
  /** Whether `secret` is valid for `client` now. Must cost the same for `undefined`, the unknown client. */
  readonly matchesSecret: (client: ClientRecord | undefined, secret: string) => boolean;
  readonly issue: (client: ClientRecord, request: TokenRequest) => Promise<TokenResponse>;
}

/** Throws `TokenRefusal`, `Refusal` (`ring_unavailable`) or `StoreUnavailable`. */
export async function takeShortRoad(
  { clients, matchesSecret, issue }: ShortRoadContext,
  { clientId, clientSecret, method, request }: PlainRequest,
): Promise<TokenResponse> {
  const record = isClientId(clientId) ? await clients.read(clientId) : undefined;
  const client = record?.state === 'active' ? record : undefined;
  const matches = matchesSecret(client, clientSecret);
  // The wrong method looks like a wrong secret, whatever else is wrong (L-14, S-TOK-11).
  if (!matches || client?.metadata.token_endpoint_auth_method !== method) {
    throw authenticationFailed(
      'no active client, valid secret and registered method together',
      method === 'client_secret_basic',
    );
  }
  return issue(client, request());
}
