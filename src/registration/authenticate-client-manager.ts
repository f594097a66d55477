/**
 * Who may manage one client by RFC 7592: the bearer of its registration access token, or its portal. A
 * token that is not this client's, or whose client is gone or disabled, is refused in one way: it is no
 * key to the portal's other clients, and what the operator disabled it can't touch (S-MGT-02, 03, 05). The
 * portal was given every such token, so disabling the portal disables them with its keys.
 */
import type { ClientId } from '../clients/client-id.ts';
import type { ClientStore } from '../clients/client-store.ts';
import { Refusal } from '../lib/refusal.ts';
import type { Caller } from '../portals/caller.ts';
import type { PortalStore } from '../portals/portal-store.ts';
import { looksLikeRegistrationToken, type RegistrationTokens } from './registration-token.ts';

export interface ClientManagers {
  readonly clients: Pick<ClientStore, 'read'>;
  readonly portals: Pick<PortalStore, 'read'>;
  readonly tokens: RegistrationTokens;
  readonly authenticatePortal: (key: string | undefined, nowSeconds: number) => Promise<Caller>;
}

/** `clientId`: ours; undefined for what can be no client's. Throws `Refusal` (`registration_token_invalid` and those of portals' keys) or `StoreUnavailable`. */
export async function authenticateClientManager(
  { clients, portals, tokens, authenticatePortal }: ClientManagers,
  credential: string | undefined,
  clientId: ClientId | undefined,
  nowSeconds: number,
): Promise<Caller> {
  if (credential === undefined || !looksLikeRegistrationToken(credential)) {
    return authenticatePortal(credential, nowSeconds);
  }
  const genuine = clientId !== undefined && tokens.matches(clientId, credential);
  const client = genuine ? await clients.read(clientId) : undefined;
  const portal = client?.state === 'active' ? await portals.read(client.portal) : undefined;
  if (client === undefined || portal?.state !== 'active') throw new Refusal('registration_token_invalid');
  return { portal: client.portal, subject: client.client_id, client: client.client_id };
}
