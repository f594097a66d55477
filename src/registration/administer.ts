/**
 * What the operator may do to any portal's client: see it, disable it, enable it, delete it. Disabling is
 * out of every portal's reach: no update, rotation or token of theirs lifts it (S-MGT-05).
 */
import { type ClientId, isClientId } from '../clients/client-id.ts';
import type { ClientRecord } from '../clients/client-record.ts';
import type { ClientStore } from '../clients/client-store.ts';
import { beginDelete, type DeleteContext } from './upstream/delete.ts';

/** Undefined when there is no such client. */
export async function findClient(clients: ClientStore, id: string): Promise<ClientRecord | undefined> {
  return isClientId(id) ? clients.read(id) : undefined;
}

/** Resolves with the client as it is afterwards; undefined when there is none. */
export async function setClientState(
  clients: ClientStore,
  id: string,
  state: ClientRecord['state'],
  nowSeconds: number,
): Promise<ClientRecord | undefined> {
  for (;;) {
    const client = await findClient(clients, id);
    if (client === undefined || client.state === state) return client;
    const next = { ...client, state, version: client.version + 1, updated_at: nowSeconds };
    const outcome = await clients.replace(next, client.version);
    if (outcome === 'replaced') return next;
    if (outcome === 'gone') return undefined;
  }
}

/**
 * Whether there was one to delete. An upstream client is removed at its provider by the running service, at
 * the next look of its recovery.
 */
export async function removeClient(context: DeleteContext, id: string, nowSeconds: number): Promise<boolean> {
  const { clients } = context;
  const client = await findClient(clients, id);
  if (client === undefined) return false;
  if (client.upstream !== undefined) {
    return (await beginDelete(context, client, nowSeconds)) !== undefined;
  }
  const { portal, provider } = client;
  const tombstone = { portal, provider, deleted_at: nowSeconds };
  return (await clients.delete(client.client_id satisfies ClientId, tombstone)) === 'deleted';
}
