/**
 * Who the client is that sends a request: by its secret, over the one method that it is registered with.
 * Every endpoint that clients authenticate at comes here.
 */
import { getsTokensHere } from '../clients/client-record.ts';
import type { TokenClient } from '../clients/token-client.ts';
import { type ClientReads, judgedAnew } from './judged-anew.ts';
import type { SecretCredentials } from './plain-request.ts';
import { authenticationFailed } from './token-refusal.ts';

export interface AuthenticationContext {
  readonly clients: ClientReads;
  /** Whether `secret` is valid for `client` now. Must cost the same for `undefined`, the unknown client. */
  readonly matchesSecret: (client: TokenClient | undefined, secret: string) => boolean;
}

/** Throws `TokenRefusal` `invalid_client` or `StoreUnavailable`. */
export async function authenticateBySecret(
  { clients, matchesSecret }: AuthenticationContext,
  { clientId, clientSecret, method }: SecretCredentials,
): Promise<TokenClient> {
  const authenticated = (record: TokenClient | undefined) => {
    // The wrong method costs and looks like a wrong secret (L-14, S-TOK-11), and is no use of the right one.
    const isAllowed = record !== undefined && getsTokensHere(record) && isBy(record, method);
    const client = isAllowed ? record : undefined;
    return matchesSecret(client, clientSecret) ? client : undefined;
  };
  const client = await judgedAnew(clients, clientId, authenticated);
  if (client !== undefined) return client;
  throw authenticationFailed(
    'no active client, valid secret and registered method together',
    method === 'client_secret_basic',
  );
}

/** Whether the client is registered with that method. */
export function isBy({ metadata }: TokenClient, method: SecretCredentials['method']): boolean {
  return metadata.token_endpoint_auth_method === method;
}
