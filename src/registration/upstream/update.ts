/**
 * Changes a client at its upstream provider. The whole document is judged before it is sent; one operation
 * at a time is open for a client. The provider may replace the registration access token with every answer,
 * so what it answers is stored before anything else is decided (S-UP-03, S-MGT-22).
 */
import type { ClientId } from '../../clients/client-id.ts';
import type { ClientRecord } from '../../clients/client-record.ts';
import type { ClientMetadata } from '../../clients/metadata.ts';
import { Refusal } from '../../lib/refusal.ts';
import { type Act, type RegistrationContext, readOwned } from '../context.ts';
import type { ClientAnswer } from '../idempotency.ts';
import type { Intent } from '../intent.ts';
import type { Upstream, UpstreamClient, UpstreamManagement } from '../upstream.ts';
import { replacedSecret } from './binding.ts';
import { advanced, IN_FLIGHT_SECONDS, type SagaContext, upstreamOf } from './context.ts';
import { asGranted, widened } from './granted.ts';
import { managementsIn, recoverUpdate } from './recover-update.ts';
import { isCredentialRefused, isNotDone } from './remove.ts';
import { storeAnswer } from './store-answer.ts';

/** Another caller's change usually ends within this; then ours goes on. */
const TRIES = 10;
const PAUSE_MS = 100;

/** `change` throws `Refusal` when what would result is not acceptable. */
export async function updateUpstreamClient(
  context: RegistrationContext,
  act: Act,
  id: string,
  change: (client: ClientRecord) => ClientMetadata,
): Promise<ClientAnswer> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const client = await readOwned(context, act, id);
    const asked = change(client);
    const upstream = upstreamOf(context, act.provider);
    requireManageable(upstream, client);
    const [management] = managementsIn(context, client);
    const begun = await beginUpdate(context, client, asked);
    if (begun !== undefined) {
      const { upstream: binding } = client;
      return send(context, {
        upstream,
        intent: begun,
        client,
        asked,
        management,
        marker: binding?.marker ?? '',
      });
    }
    await context.upstream.pause(PAUSE_MS);
  }
  throw new Refusal('client_busy');
}

/** A provider that is configured under this name now may be another one than the client's (S-UP-10). */
export function requireManageable({ issuer }: Upstream, { upstream: binding }: ClientRecord): void {
  if (binding?.registration_client_uri === undefined || binding.issuer !== issuer) {
    throw new Refusal('client_unmanageable');
  }
}

/** Undefined when another operation is in the way for now, or was just done. */
export async function beginUpdate(
  context: SagaContext,
  client: ClientRecord,
  asked: ClientMetadata,
): Promise<Intent | undefined> {
  const { intents, nowSeconds, newOperation, unfinished } = context.upstream;
  const { client_id, portal, provider, metadata } = client;
  const now = nowSeconds();
  const intent: Intent = {
    ...{ op_id: newOperation(), version: 1, kind: 'update', portal, provider, client_id, asked },
    client_name: metadata.client_name,
    state: 'started',
    started_at: now,
    attempts: 1,
    answer_lost: true,
    next_attempt_at: now + IN_FLIGHT_SECONDS,
  };
  const undo = async () => void (await intents.finish(intent));
  let current: ClientRecord | undefined;
  try {
    const outcome = await intents.begin(intent);
    if (typeof outcome === 'object' && 'busy' in outcome) {
      if (outcome.busy.state === 'unmanageable') throw new Refusal('client_unmanageable');
      return undefined;
    }
    current = await context.clients.read(client_id);
    if (current?.version === client.version) return intent;
    await undo();
    return undefined;
  } catch (error) {
    // Nothing was sent, so nothing has to be looked for.
    if (!(error instanceof Refusal)) unfinished.add(intent.op_id, undo);
    throw error;
  }
}

interface Sending {
  readonly upstream: Upstream;
  readonly intent: Intent;
  readonly client: ClientRecord;
  readonly asked: ClientMetadata;
  readonly management: UpstreamManagement;
  readonly marker: string;
}

async function send(context: RegistrationContext, sending: Sending): Promise<ClientAnswer> {
  const { upstream, intent, client, asked, management, marker } = sending;
  let answered: UpstreamClient;
  try {
    answered = await upstream.update(management, asked, marker);
  } catch (error) {
    await notUpdated(context, intent, error);
    throw error;
  }
  const problems = widened(asked, answered.granted);
  const metadata = problems.length > 0 ? undefined : asGranted(asked, answered.granted);
  const stored = await storeOrKeep(context, intent, client.client_id, answered, metadata);
  if (stored === undefined) throw new Refusal('client_unknown');
  if (problems.length > 0) {
    // It is put back to what we hold: that is how recovery goes on from here, too.
    context.upstream.background(recoverUpdate(context, intent));
    throw new Refusal('upstream_not_acceptable', { problems });
  }
  const { provider, upstream: binding } = stored;
  return { client: stored, clientSecret: binding && replacedSecret(context, provider, binding, answered) };
}

/** The new token exists nowhere but here. */
async function storeOrKeep(
  context: RegistrationContext,
  intent: Intent,
  id: ClientId,
  answered: UpstreamClient,
  metadata: ClientMetadata | undefined,
): Promise<ClientRecord | undefined> {
  const work = () => storeAnswer(context, id, answered, metadata, metadata && intent);
  try {
    return await work();
  } catch (error) {
    context.upstream.unfinished.add(intent.op_id, async () => void (await work()));
    throw error;
  }
}

/** Never throws: the intent as it is says enough for recovery. */
async function notUpdated(context: RegistrationContext, intent: Intent, error: unknown): Promise<void> {
  const { intents, background, nowSeconds, report } = context.upstream;
  try {
    if (isNotDone(error) && !isCredentialRefused(error)) {
      await intents.finish(intent);
      return;
    }
    const lost = await advanced(context, intent, { state: 'unknown', next_attempt_at: nowSeconds() });
    if (lost === undefined) return;
    if (!isNotDone(error)) report({ type: 'answer_lost', intent: lost, cause: error });
    background(recoverUpdate(context, lost));
  } catch {
    context.upstream.unfinished.add(intent.op_id, () => notUpdated(context, intent, error));
  }
}
