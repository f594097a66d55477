/** Stores what a provider answered to a read or an update of a client, its token before anything else. */
import type { ClientId } from '../../clients/client-id.ts';
import type { ClientRecord } from '../../clients/client-record.ts';
import type { ClientMetadata } from '../../clients/metadata.ts';
import type { IntentReference } from '../intent.ts';
import type { UpstreamClient } from '../upstream.ts';
import { rebind } from './binding.ts';
import type { SagaContext } from './context.ts';

/**
 * Stores what the provider answered: always the token, and the metadata when there is one; `finishes` in the
 * same commit. Undefined when the client is gone.
 */
export async function storeAnswer(
  { clients, upstream }: SagaContext,
  id: ClientId,
  answered: UpstreamClient,
  metadata: ClientMetadata | undefined,
  finishes: IntentReference | undefined,
): Promise<ClientRecord | undefined> {
  for (let ended = finishes; ; ) {
    const current = await clients.read(id);
    if (current?.upstream === undefined) return undefined;
    const { provider, version } = current;
    const binding = rebind({ clients, upstream }, provider, current.upstream, answered);
    const next: ClientRecord = {
      ...current,
      version: version + 1,
      updated_at: upstream.nowSeconds(),
      metadata: metadata ?? current.metadata,
      upstream: binding,
    };
    const outcome = await clients.replace(next, version, { finishes: ended });
    if (outcome === 'replaced') return next;
    if (outcome === 'gone') return undefined;
    // Somebody else settled it, after we had called: what we were answered is newer all the same.
    if (outcome === 'intent_lost') ended = undefined;
  }
}
