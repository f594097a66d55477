/** A client as the stock oidc-provider keeps it: one JSON text under its id, the secret in clear. */
import type { AdapterPayload } from 'oidc-provider';
import type { Credentials } from '../support/bridge.ts';

export function stockClientKey(clientId: string): string {
  return `stock:client:${clientId}`;
}

export function stockClientOf({ client_id, client_secret }: Credentials): AdapterPayload {
  return {
    client_id,
    client_secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  };
}
