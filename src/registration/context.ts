/** What every act on a client needs: who asks, under which policy, and the outside world as parameters. */
import { isClientId } from '../clients/client-id.ts';
import type { ClientRecord } from '../clients/client-record.ts';
import type { ClientStore } from '../clients/client-store.ts';
import type { HashCredential } from '../clients/secret.ts';
import type { RandomBytes } from '../lib/random.ts';
import { Refusal } from '../lib/refusal.ts';
import type { PortalName } from '../portals/portal-name.ts';
import type { RegistrationPolicy } from './policy.ts';

export interface RegistrationContext {
  readonly clients: ClientStore;
  readonly random: RandomBytes;
  readonly hashSecret: HashCredential;
  /** The policy in force for a portal. */
  readonly policyOf: (portal: PortalName) => RegistrationPolicy;
  /** The configured providers' types by name. */
  readonly providers: ReadonlyMap<string, 'local' | 'oidc'>;
}

/** Who acts, where and when: established by the dialect and the clock, never by the request's body. */
export interface Act {
  readonly portal: PortalName;
  readonly provider: string;
  /** Epoch seconds. */
  readonly nowSeconds: number;
}

/** A client together with a secret that was just made: the only moment at which its value is known. */
export interface ClientWithSecret {
  readonly client: ClientRecord;
  readonly clientSecret: string;
}

/** Refuses a provider that does not exist, or that the portal's policy does not name. */
export function requireProvider(context: RegistrationContext, { portal, provider }: Act): void {
  if (!context.providers.has(provider)) throw new Refusal('provider_unknown');
  if (!context.policyOf(portal).providers.includes(provider)) throw new Refusal('provider_not_allowed');
}

/**
 * The client `id` if it is this portal's and lives at this provider. Another portal's client is as unknown
 * as one that never was: same refusal, same one look-up (S-TEN-01, S-TEN-10, S-MGT-23).
 */
export async function readOwned(context: RegistrationContext, act: Act, id: string): Promise<ClientRecord> {
  const client = isClientId(id) ? await context.clients.read(id) : undefined;
  if (client === undefined || !isOwnedBy(client, act)) throw new Refusal('client_unknown');
  return client;
}

export function isOwnedBy(
  owned: Pick<ClientRecord, 'portal' | 'provider'>,
  { portal, provider }: Act,
): boolean {
  return owned.portal === portal && owned.provider === provider;
}

/** How often a change is computed anew when another writer was faster, before the caller is told. */
const ATTEMPTS = 5;

/**
 * Reads, changes and writes back with a version compare; a lost race is computed again on what won it.
 * Throws `Refusal` `client_unknown` when the client is or becomes deleted, `client_conflict` after
 * `ATTEMPTS` lost races.
 */
export async function changeOwned(
  context: RegistrationContext,
  act: Act,
  id: string,
  change: (client: ClientRecord) => ClientRecord,
): Promise<ClientRecord> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const client = await readOwned(context, act, id);
    const next = { ...change(client), version: client.version + 1, updated_at: act.nowSeconds };
    const outcome = await context.clients.replace(next, client.version);
    if (outcome === 'replaced') return next;
    if (outcome === 'gone') throw new Refusal('client_unknown');
  }
  throw new Refusal('client_conflict');
}
