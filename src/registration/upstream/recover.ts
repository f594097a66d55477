/**
 * Settles what was begun at upstream providers and not ended: after a crash, a lost answer, a provider that
 * was away. Run on start and every minute, by one node at a time; safe to be run twice and by two nodes,
 * because whoever advances an intent first has it.
 */
import { upstreamClientId } from '../../clients/client-id.ts';
import type { Leases } from '../../lib/lease.ts';
import { StoreUnavailable } from '../../lib/store-unavailable.ts';
import type { Intent } from '../intent.ts';
import type { Upstream, UpstreamClient } from '../upstream.ts';
import { bindingOf } from './binding.ts';
import { advanced, IN_FLIGHT_SECONDS, retryAt, type SagaContext } from './context.ts';
import { recoverUpdate } from './recover-update.ts';
import { removeUpstream, takeBack, takeBackSpare } from './remove.ts';

export interface RecoveryOptions {
  readonly leases: Leases;
  /** This process, unlike any other. */
  readonly holder: string;
}

const LEASE = 'upstream-recovery';
/** Longer than a run is meant to last; a node that dies keeps the others waiting for no longer. */
const LEASE_SECONDS = 45;
const BATCH = 100;
/** How long a client may take to become visible to a search, after which it is not there. */
const SEARCH_SECONDS = 10 * 60;

/** Rejects with `StoreUnavailable`; what a provider can't do is written down in its intent. */
export async function recover(context: SagaContext, { leases, holder }: RecoveryOptions): Promise<void> {
  const { upstream } = context;
  await upstream.unfinished.run();
  if (!(await leases.hold(LEASE, holder, LEASE_SECONDS))) return;
  const startedAt = upstream.nowSeconds();
  while (upstream.nowSeconds() - startedAt < LEASE_SECONDS / 2) {
    const due = await upstream.intents.due(upstream.nowSeconds(), BATCH);
    if (due.length === 0) return;
    // One provider that hangs must not keep the others' intents waiting.
    const byProvider = Map.groupBy(due, ({ provider }) => provider);
    await Promise.all([...byProvider.values()].map((intents) => recoverAll(context, intents)));
  }
}

/** Lets another node go on at once. */
export async function leaveRecovery({ leases, holder }: RecoveryOptions): Promise<void> {
  await leases.release(LEASE, holder);
}

async function recoverAll(context: SagaContext, intents: readonly Intent[]): Promise<void> {
  for (const intent of intents) await recoverIntent(context, intent);
}

async function recoverIntent(context: SagaContext, intent: Intent): Promise<void> {
  const { providers, nowSeconds } = context.upstream;
  const upstream = providers.get(intent.provider);
  if (upstream === undefined) {
    // Not configured any more: it waits, visibly, for a configuration that has it.
    await advanced(context, intent, {
      attempts: intent.attempts + 1,
      next_attempt_at: retryAt(nowSeconds(), intent.attempts),
    });
  } else if (intent.kind === 'create') await recoverCreate(context, upstream, intent);
  else if (intent.kind === 'update') await recoverUpdate(context, intent);
  else await recoverDelete(context, intent);
}

async function recoverDelete(context: SagaContext, intent: Intent): Promise<void> {
  const claimed = await advanced(context, intent, {
    attempts: intent.attempts + 1,
    answer_lost: true,
    next_attempt_at: context.upstream.nowSeconds() + IN_FLIGHT_SECONDS,
  });
  if (claimed === undefined) return;
  const removal = await removeUpstream(context, claimed, intent.answer_lost === true);
  if (removal === 'deleted') context.upstream.report({ type: 'settled', intent: claimed });
}

/** Nobody waits for this client: its portal was told nothing, so what is found is removed. */
async function recoverCreate(context: SagaContext, upstream: Upstream, open: Intent): Promise<void> {
  const { intents, report, nowSeconds } = context.upstream;
  if (!upstream.searchable) {
    const unknown = await advanced(context, open, { state: 'unknown', next_attempt_at: undefined });
    if (unknown !== undefined) report({ type: 'unknown', intent: unknown });
    return;
  }
  const intent = await advanced(context, open, {
    state: 'unknown',
    next_attempt_at: retryAt(nowSeconds(), open.attempts + searches(open, nowSeconds())),
  });
  if (intent === undefined) return;
  let found: readonly UpstreamClient[];
  try {
    found = await upstream.find(intent.op_id);
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    if (open.state !== 'unknown') report({ type: 'unknown', intent, cause: error });
    return;
  }
  const orphans = await untracked(context, intent, found);
  const [first, ...others] = orphans.map((client) => bindingOf(context, optionsOf(upstream, intent), client));
  for (const each of others) await takeBackSpare(context, intent, each);
  if (first !== undefined) await takeBack(context, intent, first);
  else if (nowSeconds() - intent.started_at > SEARCH_SECONDS) await intents.finish(intent);
  else return;
  report({ type: 'settled', intent });
}

function optionsOf({ issuer }: Upstream, { provider, op_id: marker }: Intent) {
  return { provider, issuer, marker, keepSecret: false };
}

/** The pauses between searches grow with the time that has passed. */
function searches({ started_at }: Intent, now: number): number {
  return Math.floor(Math.log2(1 + Math.max(0, now - started_at) / IN_FLIGHT_SECONDS));
}

/** Those of what a search found that are no clients of ours. */
export async function untracked(
  { clients }: Pick<SagaContext, 'clients'>,
  { provider }: Pick<Intent, 'provider'>,
  found: readonly UpstreamClient[],
): Promise<readonly UpstreamClient[]> {
  const known = await Promise.all(
    found.map(({ client_id }) => clients.read(upstreamClientId(provider, client_id))),
  );
  return found.filter((_, index) => known[index] === undefined);
}
