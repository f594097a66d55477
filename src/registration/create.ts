/**
 * Registers a client (RFC 7591 section 3): id and secret are ours, or an upstream provider's; everything is
 * stored in one commit before the answer, and the secret's value exists only in that answer.
 */
import { usesSecret } from '../clients/auth-method.ts';
import { newClientId } from '../clients/client-id.ts';
import type { ClientRecord } from '../clients/client-record.ts';
import { mergeMetadata } from '../clients/merge-metadata.ts';
import { Refusal } from '../lib/refusal.ts';
import {
  type Act,
  keptAnswer,
  type RegistrationContext,
  replayed,
  replayOfSpent,
  requireProvider,
} from './context.ts';
import type { ClientAnswer } from './idempotency.ts';
import { makeSecret } from './make-secret.ts';
import { noRoom } from './no-room.ts';
import { applyPolicy } from './policy.ts';
import { createUpstreamClient } from './upstream/create.ts';

/** Of a client that authenticates by its keys. */
const NO_SECRET = { secret: undefined, value: undefined };

export async function createClient(
  context: RegistrationContext,
  act: Act,
  body: Readonly<Record<string, unknown>>,
): Promise<ClientAnswer> {
  if (act.initialAccessTokenSpent) return replayOfSpent(context, act);
  const { on_event, type } = requireProvider(context, act);
  const policy = context.policyOf(act.portal);
  const metadata = applyPolicy(mergeMetadata({}, body), policy, type);
  if (type === 'oidc') return createUpstreamClient(context, act, metadata);
  const { secret, value: clientSecret } = usesSecret(metadata) ? makeSecret(context, act) : NO_SECRET;
  for (;;) {
    const client: ClientRecord = {
      client_id: newClientId(context.random),
      portal: act.portal,
      provider: act.provider,
      version: 1,
      state: 'active',
      created_at: act.nowSeconds,
      updated_at: act.nowSeconds,
      metadata,
      granted_resources: on_event.initial_resources === 'all' ? policy.resources : [],
      secrets: secret === undefined ? [] : [secret],
    };
    const answer = { client, clientSecret };
    const outcome = await context.clients.create(client, {
      maxClients: policy.max_clients,
      maxClientsInAll: context.maxClientsInAll,
      initialAccessToken: act.initialAccessToken,
      answer: keptAnswer(context, act, answer),
    });
    if (outcome === 'created') return answer;
    if (outcome === 'quota_exceeded' || outcome === 'store_full') throw noRoom(outcome);
    if (outcome === 'token_spent') throw new Refusal('key_unknown');
    if (typeof outcome === 'object') return replayed(context, act, outcome.replayed);
  }
}
