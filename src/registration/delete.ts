/**
 * Deletes a client (RFC 7592 section 2.3): no token is issued from the moment it is acknowledged, and no
 * racing update brings the client back. A repeated delete is answered like the first for 24 h, so that a
 * portal may retry; an id that never was this portal's is unknown.
 */
import { Refusal } from '../lib/refusal.ts';
import { type Act, isOwnedBy, type RegistrationContext, recordIdOf, requireProvider } from './context.ts';
import { deleteUpstreamClient, deletionUnderWay } from './upstream/delete.ts';
import type { Removal } from './upstream/remove.ts';

/** `deleted`, or how far the removal at an upstream provider is. */
export async function deleteClient(context: RegistrationContext, act: Act, id: string): Promise<Removal> {
  const { type } = requireProvider(context, act);
  const recordId = recordIdOf(context, act, id);
  if (recordId === undefined) throw new Refusal('client_unknown');
  const { portal, provider, nowSeconds: deleted_at } = act;
  const client = await context.clients.read(recordId);
  if (client !== undefined && isOwnedBy(client, act)) {
    if (type === 'oidc') return (await deleteUpstreamClient(context, client)) ?? 'deleted';
    await context.clients.delete(recordId, { portal, provider, deleted_at });
    return 'deleted';
  }
  const underWay = type === 'oidc' ? await deletionUnderWay(context, act, recordId) : undefined;
  if (underWay !== undefined) return underWay;
  // For another portal's client too: it takes as long as an id that never was (S-MGT-19).
  const tombstone = await context.clients.readTombstone(recordId, deleted_at);
  if (tombstone === undefined || !isOwnedBy(tombstone, act)) throw new Refusal('client_unknown');
  context.forget(recordId);
  return 'deleted';
}
