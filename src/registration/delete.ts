/**
 * Deletes a client (RFC 7592 section 2.3): no token is issued from the moment it is acknowledged, and no
 * racing update brings the client back. A repeated delete is answered like the first for 24 h, so that a
 * portal may retry; an id that never was this portal's is unknown.
 */
import { isClientId } from '../clients/client-id.ts';
import { Refusal } from '../lib/refusal.ts';
import { type Act, isOwnedBy, type RegistrationContext, requireProvider } from './context.ts';

export async function deleteClient(context: RegistrationContext, act: Act, id: string): Promise<void> {
  requireProvider(context, act);
  if (!isClientId(id)) throw new Refusal('client_unknown');
  const { portal, provider, nowSeconds: deleted_at } = act;
  const client = await context.clients.read(id);
  if (client !== undefined && isOwnedBy(client, act)) {
    await context.clients.delete(id, { portal, provider, deleted_at });
    return;
  }
  // For another portal's client too: it takes as long as an id that never was (S-MGT-19).
  const tombstone = await context.clients.readTombstone(id, deleted_at);
  if (tombstone === undefined || !isOwnedBy(tombstone, act)) throw new Refusal('client_unknown');
}
