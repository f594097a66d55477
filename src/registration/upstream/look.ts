/**
 * Looks at one client at its provider, for the operator: is it there, and is it what we hold? What is found
 * is noted with the client and nothing is settled: a look deletes nothing and takes nothing over (S-UP-07,
 * S-UP-08). An intent is open meanwhile, so that no portal's change comes between, and the token in the answer
 * is stored before anything is judged: some providers replace it on a read.
 */
import type { ClientRecord, Drift } from '../../clients/client-record.ts';
import { Refusal } from '../../lib/refusal.ts';
import { type Upstream, UpstreamFailure } from '../upstream.ts';
import { type SagaContext, upstreamOf } from './context.ts';
import { differing, widened } from './granted.ts';
import { untracked } from './recover.ts';
import { managementsIn, readWithAny } from './recover-update.ts';
import { isCredentialRefused } from './remove.ts';
import { storeAnswer } from './store-answer.ts';
import { beginUpdate, requireManageable } from './update.ts';

export interface Look {
  /** `busy`: an act on it is open. `unread`: it could not be asked, which says nothing about the client. */
  readonly state: 'as_here' | 'busy' | 'unread' | Drift;
  /** The members that are not as we hold them. */
  readonly differing: readonly string[];
  /** Those that give the client more than we hold. */
  readonly wider: readonly string[];
  /** The provider's ids of clients under this client's marker that nobody here has. */
  readonly spares: readonly string[];
  /** Why it is `unread`. */
  readonly why?: string | undefined;
}

const NOTHING = { differing: [], wider: [], spares: [] };

/** Throws `StoreUnavailable`; what the provider can't do is in the answer. */
export async function look(context: SagaContext, client: ClientRecord): Promise<Look> {
  let upstream: Upstream;
  let intent: Awaited<ReturnType<typeof beginUpdate>>;
  try {
    upstream = upstreamOf(context, client.provider);
    requireManageable(upstream, client);
    intent = await beginUpdate(context, client, client.metadata);
  } catch (error) {
    if (error instanceof Refusal) return { ...NOTHING, state: 'unread', why: error.reason };
    throw error;
  }
  if (intent === undefined) return { ...NOTHING, state: 'busy' };
  try {
    return await lookAt(context, upstream, client);
  } finally {
    await context.upstream.intents.finish(intent);
  }
}

async function lookAt(context: SagaContext, upstream: Upstream, client: ClientRecord): Promise<Look> {
  const there = await orFailure(readWithAny(upstream, managementsIn(context, client)));
  const kept =
    there instanceof UpstreamFailure
      ? client
      : await storeAnswer(context, client.client_id, there, undefined, undefined);
  if (kept === undefined) return { ...NOTHING, state: 'busy' };
  const marked = upstream.searchable ? await orFailure(upstream.find(client.upstream?.marker ?? '')) : [];
  const found = marked instanceof UpstreamFailure ? undefined : marked;
  const spares = (await untracked(context, client, found ?? [])).map(({ client_id }) => client_id);
  if (there instanceof UpstreamFailure) {
    const isThere = found?.some(({ client_id }) => client_id === client.upstream?.client_id);
    const state = stateWithout(there, upstream.searchable ? isThere : undefined);
    if (state === 'unread') return { ...NOTHING, spares, state, why: there.reason };
    await note(context, client, state);
    return { ...NOTHING, spares, state };
  }
  const members = differing(kept.metadata, there.granted);
  const wider = widened(kept.metadata, there.granted).map(({ path }) => path);
  const state = members.length + wider.length === 0 ? 'as_here' : 'differs';
  await note(context, kept, state === 'differs' ? state : undefined);
  return { state, differing: members, wider, spares };
}

/**
 * A refused token is what RFC 7592 section 2 has a provider answer for a client that is not there; it may be
 * the token alone. Where the provider can be searched, the search says which.
 */
function stateWithout(failure: UpstreamFailure, isThere: boolean | undefined): 'unread' | Drift {
  const answeredAbsent = failure.status === 404 || failure.status === 410;
  if (isThere === false && (answeredAbsent || isCredentialRefused(failure))) return 'absent';
  if (answeredAbsent) return isThere ? 'unread' : 'absent';
  return isCredentialRefused(failure) ? 'refused' : 'unread';
}

async function orFailure<T>(call: Promise<T>): Promise<T | UpstreamFailure> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof UpstreamFailure) return error;
    throw error;
  }
}

/** Whatever a portal's act changed meanwhile, it knows better. */
async function note(context: SagaContext, client: ClientRecord, drift: Drift | undefined): Promise<void> {
  const { upstream, version } = client;
  if (upstream === undefined || upstream.drift === drift) return;
  const next = { ...client, version: version + 1, upstream: { ...upstream, drift } };
  await context.clients.replace(next, version);
}
