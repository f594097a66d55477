/**
 * How a create at an upstream provider begins: a new intent, or, when a request with the same idempotency
 * key was made before, its answer, a refusal, or that intent taken on. Of all requests with one key at most
 * two are ever sent: the second only after the first was given up, and never a third.
 */
import { Refusal } from '../../lib/refusal.ts';
import { type Act, type RegistrationContext, replayed } from '../context.ts';
import { answerId, type ClientAnswer, requestHash } from '../idempotency.ts';
import type { Intent } from '../intent.ts';
import { noRoom } from '../no-room.ts';
import type { UpstreamClient } from '../upstream.ts';
import { bindingOf } from './binding.ts';
import { advanced, IN_FLIGHT_SECONDS, isOverdue, upstreamOf } from './context.ts';
import { takeBack } from './remove.ts';

/** `found`: the registration was made before and its answer was lost; it is taken on instead of another. */
export interface BegunCreate {
  readonly intent: Intent;
  readonly found?: UpstreamClient | undefined;
}

const ATTEMPTS = 5;
/** One that was given up, and one more. */
const MOST_REQUESTS = 2;
const SLOW_SECONDS = 1;

export async function beginCreate(
  context: RegistrationContext,
  act: Act,
  clientName: string | undefined,
): Promise<BegunCreate | { readonly answer: ClientAnswer }> {
  const { intents, nowSeconds, newOperation, unfinished } = context.upstream;
  const room = {
    maxClients: context.policyOf(act.portal).max_clients,
    maxClientsInAll: context.maxClientsInAll,
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const now = nowSeconds();
    const intent: Intent = {
      op_id: newOperation(),
      version: 1,
      kind: 'create',
      portal: act.portal,
      provider: act.provider,
      state: 'started',
      started_at: now,
      attempts: 1,
      answer_lost: true,
      next_attempt_at: now + IN_FLIGHT_SECONDS,
      client_name: clientName,
      ...keyOf(context, act),
    };
    let outcome: Awaited<ReturnType<typeof intents.begin>>;
    try {
      outcome = await intents.begin(intent, room);
    } catch (error) {
      // It may be stored all the same; nothing was sent for it, and nothing will be.
      unfinished.add(intent.op_id, async () => void (await intents.finish(intent)));
      throw error;
    }
    if (outcome === 'begun') return { intent };
    if (outcome === 'quota_exceeded' || outcome === 'store_full') throw noRoom(outcome);
    if ('replayed' in outcome) return { answer: replayed(context, act, outcome.replayed) };
    if ('busy' in outcome) throw new Refusal('client_busy');
    const taken = await takeOn(context, intent.request_hash, outcome.same_key);
    if (taken !== undefined) return taken;
  }
  throw new Refusal('idempotency_key_in_flight');
}

function keyOf({ idempotency }: RegistrationContext, { portal, idempotent }: Act) {
  return idempotent === undefined
    ? {}
    : {
        answer_id: answerId(idempotency, portal, idempotent),
        request_hash: requestHash(idempotency, idempotent),
      };
}

/** Undefined when the open intent came to an end meanwhile: the key is to be looked at again. */
async function takeOn(
  context: RegistrationContext,
  requestHashed: string | undefined,
  open: Intent,
): Promise<BegunCreate | undefined> {
  const { nowSeconds, unfinished } = context.upstream;
  if (open.request_hash !== requestHashed) throw new Refusal('idempotency_key_reused');
  if (!isOverdue(open, nowSeconds()) && open.state === 'started') {
    throw new Refusal('idempotency_key_in_flight');
  }
  if (!(await unfinished.run(open.op_id))) throw new Refusal('idempotency_key_in_flight');
  const upstream = upstreamOf(context, open.provider);
  const askedAt = nowSeconds();
  const [found] = upstream.searchable ? await upstream.find(open.op_id) : [];
  // Not two slow calls in one request.
  if (nowSeconds() - askedAt > SLOW_SECONDS) throw new Refusal('idempotency_key_in_flight');
  if (found !== undefined && found.client_secret === undefined) {
    // Nobody can be told its secret any more, so it is of no use.
    const { provider, op_id: marker } = open;
    const options = { provider, issuer: upstream.issuer, marker, keepSecret: false };
    await takeBack(context, open, bindingOf(context, options, found));
    return undefined;
  }
  if (found === undefined && open.attempts >= MOST_REQUESTS) throw new Refusal('idempotency_key_unsettled');
  const intent = await advanced(context, open, {
    state: 'started',
    attempts: open.attempts + (found === undefined ? 1 : 0),
    answer_lost: true,
    next_attempt_at: nowSeconds() + IN_FLIGHT_SECONDS,
  });
  return intent && { intent, found };
}
