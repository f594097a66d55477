/**
 * Who the client is that sends a request: by its secret, over the one method that it is registered with.
 * Every endpoint that clients authenticate at comes here.
 */
import { isClientId } from '../clients/client-id.ts';
import { type ClientRecord, getsTokensHere } from '../clients/client-record.ts';
import type { ClientStore } from '../clients/client-store.ts';
import type { SecretCredentials } from './plain-request.ts';
import { authenticationFailed } from './token-refusal.ts';

export interface AuthenticationContext {
  readonly clients: Pick<ClientStore, 'read'>;
  /** Whether `secret` is valid for `client` now. Must cost the same for `undefined`, the unknown client. */
  readonly matchesSecret: (client: ClientRecord | undefined, secret: string) => boolean;
}

/** Throws `TokenRefusal` `invalid_client` or `StoreUnavailable`. */
export async function authenticateBySecret(
  { clients, matchesSecret }: AuthenticationContext,
  { clientId, clientSecret, method }: SecretCredentials,
): Promise<ClientRecord> {
  const record = isClientId(clientId) ? await clients.read(clientId) : undefined;
  const client = record !== undefined && getsTokensHere(record) ? record : undefined;
  const matches = matchesSecret(client, clientSecret);
  // The wrong method looks like a wrong secret, whatever else is wrong (L-14, S-TOK-11).
  if (!matches || client?.metadata.token_endpoint_auth_method !== method) {
    throw authenticationFailed(
      'no active client, valid secret and registered method together',
      method === 'client_secret_basic',
    );
  }
  return client;
}
