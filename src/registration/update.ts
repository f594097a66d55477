/**
 * Changes a client's metadata by merging: a member that is sent replaces the kept one, an absent (or null)
 * one stays. The resulting whole document is judged like a create, so that no update keeps or reaches what
 * a create would be refused (S-MGT-06, S-MGT-08). Owner, provider, secrets and state are out of its reach.
 */
import type { ClientRecord } from '../clients/client-record.ts';
import { mergeMetadata } from '../clients/merge-metadata.ts';
import { type Act, changeOwned, type RegistrationContext, requireProvider } from './context.ts';
import { applyPolicy } from './policy.ts';

export async function updateClient(
  context: RegistrationContext,
  act: Act,
  id: string,
  body: Readonly<Record<string, unknown>>,
): Promise<ClientRecord> {
  requireProvider(context, act);
  return changeOwned(context, act, id, (client) => ({
    ...client,
    metadata: applyPolicy(mergeMetadata(client.metadata, body), context.policyOf(act.portal)),
  }));
}
