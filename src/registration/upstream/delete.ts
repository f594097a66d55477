/**
 * Deletes an upstream client: in one commit the client is gone here and the intent to remove it there is
 * written down; then it is removed there, or that is tried again until it is (S-MGT-20).
 */
import type { ClientId } from '../../clients/client-id.ts';
import type { ClientRecord } from '../../clients/client-record.ts';
import { Refusal } from '../../lib/refusal.ts';
import { type Act, isOwnedBy } from '../context.ts';
import type { Intent } from '../intent.ts';
import { IN_FLIGHT_SECONDS, type SagaContext } from './context.ts';
import { deletionOf, type Removal, removeUpstream } from './remove.ts';

/** Undefined when the client is not there, or not any more. `Refusal` `client_busy` while it is being changed. */
export async function deleteUpstreamClient(
  context: SagaContext,
  client: ClientRecord,
): Promise<Removal | undefined> {
  const intent = await beginDelete(context, client, context.upstream.nowSeconds());
  if (intent === undefined) return undefined;
  try {
    return await removeUpstream(context, intent, false);
  } catch {
    // It is deleted here; the store being away now can't change that, and recovery has the rest.
    return 'deleting';
  }
}

/** No provider is called by the local half. */
export interface DeleteContext {
  readonly clients: SagaContext['clients'];
  readonly upstream: Pick<SagaContext['upstream'], 'intents' | 'newOperation'>;
}

const ATTEMPTS = 10;

/** Whoever begins a call, or takes one on, has the intent for `IN_FLIGHT_SECONDS`. */
function isBeingChanged(open: Intent, now: number): boolean {
  const remaining = (open.next_attempt_at ?? now) - now;
  return open.state !== 'unmanageable' && remaining > 0 && remaining <= IN_FLIGHT_SECONDS;
}

/** The local half: undefined when there is no such client. */
export async function beginDelete(
  { clients, upstream }: DeleteContext,
  { client_id }: Pick<ClientRecord, 'client_id'>,
  now: number,
): Promise<Intent | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const client = await clients.read(client_id);
    if (client?.upstream === undefined) return undefined;
    const { portal, provider, version, metadata } = client;
    const open = await upstream.intents.readOfClient(client_id);
    // A change under way may be replacing the very token that the delete needs.
    if (open !== undefined && isBeingChanged(open, now)) {
      throw new Refusal('client_busy');
    }
    const operation = {
      ...{ op_id: upstream.newOperation(), version: 1, portal, provider, started_at: now },
      client_name: metadata.client_name,
    };
    const begins = deletionOf(operation, client.upstream, client_id, now);
    const conditions = { begins, expectedVersion: version, supersedes: open?.op_id };
    const outcome = await clients.delete(client_id, { portal, provider, deleted_at: now }, conditions);
    if (outcome === 'deleted') return begins;
    if (outcome === 'gone') return undefined;
  }
  throw new Refusal('client_busy');
}

/** Of a client that was deleted before: whether its provider has agreed by now. */
export async function deletionUnderWay(
  { upstream }: SagaContext,
  act: Act,
  id: ClientId,
): Promise<Exclude<Removal, 'deleted'> | undefined> {
  const open = await upstream.intents.readOfClient(id);
  if (open?.kind !== 'delete' || !isOwnedBy(open, act)) return undefined;
  return open.state === 'unmanageable' ? 'unmanageable' : 'deleting';
}
