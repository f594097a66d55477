/**
 * Settles, at the operator's word, what a look found: take over what the provider has, send it what we hold,
 * let go of a client that is not there, remove a spare that is there. Each is one act on one client.
 */
import type { ClientRecord } from '../../clients/client-record.ts';
import { Refusal } from '../../lib/refusal.ts';
import { UpstreamFailure } from '../upstream.ts';
import { bindingOf } from './binding.ts';
import { type SagaContext, upstreamOf } from './context.ts';
import { asGranted, widened } from './granted.ts';
import { untracked } from './recover.ts';
import { managementsIn, readWithAny } from './recover-update.ts';
import { takeBackSpare } from './remove.ts';
import { storeAnswer } from './store-answer.ts';
import { beginUpdate, requireManageable } from './update.ts';

/** `wider`: it gives the client more than was ever asked for, and nobody said that this is meant. */
export type Settled = 'settled' | 'wider' | 'busy' | 'gone';

/** Stores the provider's metadata here. */
export function acceptTheirs(context: SagaContext, client: ClientRecord, evenWider: boolean) {
  return settling(context, client, async (upstream) => {
    const there = await readWithAny(upstream, managementsIn(context, client));
    const kept = await storeAnswer(context, client.client_id, there, undefined, undefined);
    if (kept === undefined) return 'gone';
    if (!evenWider && widened(kept.metadata, there.granted).length > 0) return 'wider';
    const metadata = asGranted(kept.metadata, there.granted);
    return (await storeAnswer(context, client.client_id, there, metadata, undefined)) ? 'settled' : 'gone';
  });
}

/** Sends the provider what we hold. Its answer is stored; one that is wider still is not taken over. */
export function pushOurs(context: SagaContext, client: ClientRecord) {
  return settling(context, client, async (upstream) => {
    const [management] = managementsIn(context, client);
    const there = await upstream.update(management, client.metadata, client.upstream?.marker ?? '');
    const isWider = widened(client.metadata, there.granted).length > 0;
    const metadata = isWider ? undefined : asGranted(client.metadata, there.granted);
    if ((await storeAnswer(context, client.client_id, there, metadata, undefined)) === undefined)
      return 'gone';
    return isWider ? 'wider' : 'settled';
  });
}

/**
 * Ends the client here and calls nobody. Only one that a look found absent, or at the operator's insistence:
 * a client that is there would be one that nobody knows of.
 */
export async function letGo(context: SagaContext, client: ClientRecord, insist: boolean): Promise<Settled> {
  const { client_id, portal, provider, upstream } = client;
  if (upstream?.drift !== 'absent' && !insist) return 'wider';
  const deleted_at = context.upstream.nowSeconds();
  const outcome = await context.clients.delete(client_id, { portal, provider, deleted_at });
  return outcome === 'deleted' ? 'settled' : outcome === 'gone' ? 'gone' : 'busy';
}

/** Removes there what carries this client's marker and is no client of ours; how many there were. */
export async function removeSpares(context: SagaContext, client: ClientRecord): Promise<number> {
  const upstream = upstreamOf(context, client.provider);
  const { portal, provider, metadata, upstream: binding } = client;
  const marker = binding?.marker ?? '';
  const spares = await untracked(context, client, await upstream.find(marker));
  const started_at = context.upstream.nowSeconds();
  for (const spare of spares) {
    const options = { provider, issuer: upstream.issuer, marker, keepSecret: false };
    const operation = { portal, provider, client_name: metadata.client_name, started_at };
    await takeBackSpare(context, operation, bindingOf(context, options, spare));
  }
  return spares.length;
}

async function settling(
  context: SagaContext,
  client: ClientRecord,
  act: (upstream: ReturnType<typeof upstreamOf>) => Promise<Settled>,
): Promise<Settled> {
  const upstream = upstreamOf(context, client.provider);
  requireManageable(upstream, client);
  const intent = await beginUpdate(context, client, client.metadata);
  if (intent === undefined) return 'busy';
  let known = false;
  try {
    const settled = await act(upstream);
    known = true;
    return settled;
  } catch (error) {
    known = error instanceof Refusal || (error instanceof UpstreamFailure && error.outcome === 'not_done');
    throw error;
  } finally {
    // A lost answer stays written down: the service's recovery finds out what became of it.
    if (known) await context.upstream.intents.finish(intent);
  }
}
