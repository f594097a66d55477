/**
 * Finds out what became of an update: reads the client at its provider, by the token that we hold and then
 * by the one before it, and stores what is there. What is there and wider than both what was asked and what
 * was before is put back. What can't be read because our credential is refused is for a person; nothing is
 * deleted (S-UP-08), and it is tried again now and then.
 */
import type { ClientRecord } from '../../clients/client-record.ts';
import type { Intent } from '../intent.ts';
import type { Upstream, UpstreamClient, UpstreamManagement } from '../upstream.ts';
import { managementsOf } from './binding.ts';
import { advanced, IN_FLIGHT_SECONDS, retryAt, type SagaContext, upstreamOf } from './context.ts';
import { asGranted, isAsAsked, widened } from './granted.ts';
import { isCredentialRefused, isNotDone } from './remove.ts';
import { storeAnswer } from './store-answer.ts';

/** Safe to be run twice: whoever advances the intent first has it. */
export async function recoverUpdate(context: SagaContext, open: Intent): Promise<void> {
  const { intents, nowSeconds, report } = context.upstream;
  const client = open.client_id && (await context.clients.read(open.client_id));
  if (client?.upstream === undefined) {
    // Deleted by the operator; the delete has its own intent.
    await intents.finish(open);
    return;
  }
  const intent = await advanced(context, open, {
    attempts: open.attempts + 1,
    next_attempt_at: nowSeconds() + IN_FLIGHT_SECONDS,
  });
  if (intent === undefined) return;
  try {
    await settle(context, intent, client, client.upstream.marker);
    report({ type: 'settled', intent });
  } catch (error) {
    await notSettled(context, intent, error);
  }
}

async function settle(
  context: SagaContext,
  intent: Intent,
  client: ClientRecord,
  marker: string,
): Promise<void> {
  const upstream = upstreamOf(context, client.provider);
  const { asked = client.metadata } = intent;
  const there = await readWithAny(upstream, managementsIn(context, client));
  // Which also says that it is no wider.
  const done = isAsAsked(asked, there.granted);
  const base = done ? asked : client.metadata;
  if (done || widened(client.metadata, there.granted).length === 0) {
    await storeAnswer(context, client.client_id, there, asGranted(base, there.granted), intent);
    return;
  }
  const kept = await storeAnswer(context, client.client_id, there, undefined, undefined);
  if (kept === undefined) return;
  const [management] = managementsIn(context, kept);
  const back = await upstream.update(management, kept.metadata, marker);
  const wider = widened(kept.metadata, back.granted).length > 0;
  await storeAnswer(context, client.client_id, back, undefined, wider ? undefined : intent);
  if (wider) throw new StillWider();
}

class StillWider extends Error {
  override readonly name = 'StillWider';
}

export function managementsIn(context: SagaContext, { provider, upstream }: ClientRecord) {
  if (upstream === undefined) throw new Error('an upstream client without its binding');
  return managementsOf(context, provider, upstream);
}

export async function readWithAny(
  upstream: Upstream,
  [management, ...others]: readonly [UpstreamManagement, ...UpstreamManagement[]],
): Promise<UpstreamClient> {
  try {
    return await upstream.read(management);
  } catch (error) {
    const [second] = others;
    if (second === undefined || !isCredentialRefused(error)) throw error;
    return await upstream.read(second);
  }
}

async function notSettled(context: SagaContext, intent: Intent, error: unknown): Promise<void> {
  // Refused, or gone: an error of its own, and no outage.
  const unmanageable = error instanceof StillWider || isNotDoneForGood(error);
  const next = await advanced(context, intent, {
    state: unmanageable ? 'unmanageable' : intent.state,
    next_attempt_at: retryAt(context.upstream.nowSeconds(), intent.attempts),
  });
  if (unmanageable && intent.state !== 'unmanageable' && next !== undefined) {
    context.upstream.report({ type: 'unmanageable', intent: next, cause: error });
  }
}

function isNotDoneForGood(error: unknown): boolean {
  if (isCredentialRefused(error)) return true;
  return isNotDone(error) && (error as { reason?: unknown }).reason === 'upstream_refused';
}
