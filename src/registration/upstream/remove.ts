/**
 * Removes a client at its provider, as a delete intent says: after a portal's delete, and to take back a
 * registration that came to nothing. It is tried until the provider agrees.
 */
import type { ClientId } from '../../clients/client-id.ts';
import type { UpstreamBinding } from '../../clients/client-record.ts';
import type { Intent } from '../intent.ts';
import { UpstreamFailure, type UpstreamManagement } from '../upstream.ts';
import { managementsOf } from './binding.ts';
import { advanced, IN_FLIGHT_SECONDS, retryAt, type SagaContext, upstreamOf } from './context.ts';

/** `deleting`: it is tried again. `unmanageable`: a person has to do it there. */
export type Removal = 'deleted' | 'deleting' | 'unmanageable';

/** What is being undone, for the operator. */
type Operation = Pick<Intent, 'portal' | 'provider' | 'client_name' | 'started_at'>;

/** A delete that is about to be tried; one that can't be is for a person from the start. */
export function deletionOf(
  intent: Pick<Intent, 'op_id' | 'version' | 'portal' | 'provider' | 'client_name' | 'started_at'>,
  upstream: UpstreamBinding,
  clientId: ClientId | undefined,
  nowSeconds: number,
): Intent {
  const { op_id, version, portal, provider, client_name, started_at } = intent;
  const manageable = upstream.registration_client_uri !== undefined;
  return {
    ...{ op_id, version, kind: 'delete', portal, provider, client_name, started_at, upstream },
    state: manageable ? 'started' : 'unmanageable',
    attempts: manageable ? 1 : 0,
    answer_lost: manageable,
    next_attempt_at: manageable ? nowSeconds + IN_FLIGHT_SECONDS : undefined,
    client_id: clientId,
  };
}

/**
 * Tries once. `wasLost`: an earlier call may have been carried out without our knowing. Throws
 * `StoreUnavailable`, after which the intent is as it was, or is done.
 */
export async function removeUpstream(
  context: SagaContext,
  intent: Intent,
  wasLost: boolean,
): Promise<Removal> {
  const { upstream } = context;
  if (intent.upstream === undefined) throw new Error(`${intent.op_id} deletes nothing`);
  if (intent.state === 'unmanageable' && intent.attempts === 0) {
    upstream.report({ type: 'unmanageable', intent });
    return 'unmanageable';
  }
  try {
    const managements = managementsOf(context, intent.provider, intent.upstream);
    await removeBy(upstreamOf(context, intent.provider), managements);
  } catch (error) {
    // RFC 7592 section 2.3: a deleted client's registration access token is refused with 401. After a lost
    // answer that is the sign that the delete was carried out; at a first attempt it is a wrong token.
    const gone = wasLost && isCredentialRefused(error);
    if (!gone) return await notRemoved(context, intent, error);
  }
  await upstream.intents.finish(intent);
  return 'deleted';
}

async function removeBy(
  provider: ReturnType<typeof upstreamOf>,
  [management, ...others]: readonly UpstreamManagement[],
): Promise<void> {
  if (management === undefined) return;
  try {
    await provider.remove(management);
  } catch (error) {
    if (others.length === 0 || !isCredentialRefused(error)) throw error;
    await removeBy(provider, others);
  }
}

async function notRemoved(context: SagaContext, intent: Intent, error: unknown): Promise<Removal> {
  const now = context.upstream.nowSeconds();
  const unmanageable = isCredentialRefused(error);
  const next = await advanced(context, intent, {
    state: unmanageable ? 'unmanageable' : 'started',
    answer_lost: !isNotDone(error),
    // A refused credential may be an outage of the provider's too, so that is tried again as well.
    next_attempt_at: retryAt(now, intent.attempts),
  });
  if (unmanageable && intent.state !== 'unmanageable' && next !== undefined) {
    context.upstream.report({ type: 'unmanageable', intent: next, cause: error });
  }
  return unmanageable ? 'unmanageable' : 'deleting';
}

/**
 * Takes back a registration: its intent becomes the intent to delete it, in one commit, and then that is
 * tried. Where the intent is not ours any more, another is begun: the client is there all the same.
 */
export async function takeBack(
  context: SagaContext,
  intent: Intent,
  upstream: UpstreamBinding,
): Promise<void> {
  const { intents, nowSeconds } = context.upstream;
  const changed = deletionOf({ ...intent, version: intent.version + 1 }, upstream, undefined, nowSeconds());
  let undoing = changed;
  if ((await intents.advance(changed)) !== 'advanced') {
    // Changed by an earlier try of this very step, whose outcome was not seen: then recovery has it.
    if ((await intents.read(intent.op_id))?.kind === 'delete') return;
    undoing = await another(context, intent, upstream);
  }
  context.upstream.background(removeUpstream(context, undoing, false));
}

/** Removes one more client that was found under the intent's marker. */
export async function takeBackSpare(
  context: SagaContext,
  intent: Operation,
  upstream: UpstreamBinding,
): Promise<void> {
  await removeUpstream(context, await another(context, intent, upstream), false);
}

async function another(context: SagaContext, intent: Operation, upstream: UpstreamBinding): Promise<Intent> {
  const { intents, nowSeconds, newOperation } = context.upstream;
  const undoing = deletionOf(
    { ...intent, op_id: newOperation(), version: 1 },
    upstream,
    undefined,
    nowSeconds(),
  );
  await intents.begin(undoing);
  return undoing;
}

export function isCredentialRefused(error: unknown): boolean {
  return error instanceof UpstreamFailure && error.reason === 'upstream_credential_refused';
}

export function isNotDone(error: unknown): boolean {
  return error instanceof UpstreamFailure && error.outcome === 'not_done';
}
