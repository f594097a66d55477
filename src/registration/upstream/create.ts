/**
 * Registers a client at an upstream provider: intent, call, one commit of what was granted. Whatever can't
 * be committed is taken back; whatever can't be known stays written down.
 */
import { upstreamClientId } from '../../clients/client-id.ts';
import type { ClientRecord } from '../../clients/client-record.ts';
import type { ClientMetadata } from '../../clients/metadata.ts';
import { type Problem, Refusal } from '../../lib/refusal.ts';
import { type Act, keptAnswer, type RegistrationContext, replayed } from '../context.ts';
import type { ClientAnswer } from '../idempotency.ts';
import type { Intent } from '../intent.ts';
import { NO_ROOM } from '../intent-store.ts';
import { type UpstreamClient, UpstreamFailure } from '../upstream.ts';
import { beginCreate } from './begin-create.ts';
import { bindingOf } from './binding.ts';
import { advanced, nextOf, retryAt, upstreamOf } from './context.ts';
import { asGranted, widened } from './granted.ts';
import { isNotDone, takeBack } from './remove.ts';

export async function createUpstreamClient(
  context: RegistrationContext,
  act: Act,
  metadata: ClientMetadata,
): Promise<ClientAnswer> {
  const upstream = upstreamOf(context, act.provider);
  const begun = await beginCreate(context, act, metadata.client_name);
  if ('answer' in begun) return begun.answer;
  const { intent, found } = begun;
  let registered: UpstreamClient;
  try {
    registered = found ?? (await upstream.register(metadata, intent.op_id));
  } catch (error) {
    await notRegistered(context, intent, error);
    throw error;
  }
  return store(context, act, intent, metadata, registered);
}

/** Never throws: what can't be written down now, recovery will find in the intent as it is. */
async function notRegistered(context: RegistrationContext, intent: Intent, error: unknown): Promise<void> {
  const { intents, report, nowSeconds } = context.upstream;
  const notDone = isNotDone(error);
  try {
    if (notDone && intent.attempts === 1) {
      await intents.finish(intent);
      return;
    }
    const { searchable } = upstreamOf(context, intent.provider);
    const unknown = await advanced(context, intent, {
      state: 'unknown',
      // An attempt that was certainly not carried out does not count; the one before it still does.
      attempts: intent.attempts - (notDone ? 1 : 0),
      next_attempt_at: searchable ? retryAt(nowSeconds(), 0) : undefined,
      left_there: error instanceof UpstreamFailure ? error.clientId : undefined,
    });
    if (unknown === undefined) return;
    report({ type: 'answer_lost', intent: unknown, cause: error });
    if (!searchable && !notDone) report({ type: 'unknown', intent: unknown });
  } catch {
    context.upstream.unfinished.add(intent.op_id, () => notRegistered(context, intent, error));
  }
}

async function store(
  context: RegistrationContext,
  act: Act,
  intent: Intent,
  asked: ClientMetadata,
  registered: UpstreamClient,
): Promise<ClientAnswer> {
  const { issuer, searchable } = upstreamOf(context, act.provider);
  const { client_secret: clientSecret, granted } = registered;
  const keepSecret = context.policyOf(act.portal).secret_storage === 'recoverable';
  const options = { provider: act.provider, issuer, marker: intent.op_id, keepSecret };
  const binding = bindingOf(context, options, registered);
  const takenBack = () => takenBackOrKept(context, intent, () => takeBack(context, intent, binding));

  const problems = [...widened(asked, granted), ...missing(clientSecret)];
  if (problems.length > 0 || clientSecret === undefined) {
    await takenBack();
    throw new Refusal('upstream_not_acceptable', { problems });
  }
  const client: ClientRecord = {
    client_id: upstreamClientId(act.provider, registered.client_id),
    portal: act.portal,
    provider: act.provider,
    version: 1,
    state: 'active',
    created_at: act.nowSeconds,
    updated_at: act.nowSeconds,
    metadata: asGranted(asked, granted),
    granted_resources: [],
    secrets: [],
    upstream: binding,
  };
  const answer = { client, clientSecret };
  let outcome: Awaited<ReturnType<typeof context.clients.create>>;
  try {
    outcome = await context.clients.create(client, {
      ...NO_ROOM,
      initialAccessToken: act.initialAccessToken,
      answer: keptAnswer(context, act, answer),
      finishes: intent,
      leaves: intent.attempts > 1 && !searchable ? spareOf(intent, registered) : undefined,
    });
  } catch (error) {
    // Whether it was committed is told by the intent: it ends in that commit and not without it.
    context.upstream.unfinished.add(intent.op_id, async () => {
      const open = await context.upstream.intents.read(intent.op_id);
      if (open?.version === intent.version) await takeBack(context, intent, binding);
    });
    throw error;
  }
  if (outcome === 'created') return answer;
  if (outcome === 'exists') return refuseReused(context, intent);
  await takenBack();
  if (outcome === 'token_spent') throw new Refusal('key_unknown');
  if (typeof outcome === 'object') return replayed(context, act, outcome.replayed);
  throw new Refusal('client_conflict');
}

async function takenBackOrKept(
  { upstream }: RegistrationContext,
  { op_id }: Intent,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch {
    upstream.unfinished.add(op_id, work);
  }
}

/**
 * The provider gave the id of a client that we have (S-DCR-35). It is not removed there: it is somebody's.
 * A person has to look at such a provider.
 */
async function refuseReused(context: RegistrationContext, intent: Intent): Promise<never> {
  const path = 'client_id';
  const unmanageable = await advanced(context, intent, { state: 'unmanageable', next_attempt_at: undefined });
  if (unmanageable !== undefined) context.upstream.report({ type: 'unmanageable', intent: unmanageable });
  throw new Refusal('upstream_not_acceptable', {
    problems: [{ path, message: 'is one that the identity provider gave before' }],
  });
}

/** What is left of the first attempt, when the second succeeded: there may be a client that nobody uses. */
function spareOf(intent: Intent, { client_id }: UpstreamClient): Intent {
  const { answer_id: _, request_hash: __, ...rest } = intent;
  return nextOf({ ...rest, registered_as: client_id }, { state: 'unknown', next_attempt_at: undefined });
}

/** Our portals authenticate with a secret; a client without one is of no use to them. */
function missing(clientSecret: string | undefined): readonly Problem[] {
  return clientSecret === undefined ? [{ path: 'client_secret', message: 'was not given' }] : [];
}
