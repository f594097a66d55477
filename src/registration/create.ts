/**
 * Registers a client (RFC 7591 section 3): id and secret are ours, everything is stored in one commit
 * before the answer, and the secret's value exists only in that answer.
 */
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
import { applyPolicy } from './policy.ts';

const STORE_FULL =
  'This service has as many clients as it may have, over all portals; ask its operator for more room.';

export async function createClient(
  context: RegistrationContext,
  act: Act,
  body: Readonly<Record<string, unknown>>,
): Promise<ClientAnswer> {
  if (act.initialAccessTokenSpent) return replayOfSpent(context, act);
  const { on_event, type } = requireProvider(context, act);
  const policy = context.policyOf(act.portal);
  const metadata = applyPolicy(mergeMetadata({}, body), policy, type);
  const { secret, value: clientSecret } = makeSecret(context, act);
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
      secrets: [secret],
    };
    const answer = { client, clientSecret };
    const outcome = await context.clients.create(client, {
      maxClients: policy.max_clients,
      maxClientsInAll: context.maxClientsInAll,
      initialAccessToken: act.initialAccessToken,
      answer: keptAnswer(context, act, answer),
    });
    if (outcome === 'created') return answer;
    if (outcome === 'quota_exceeded') throw new Refusal('quota_exceeded');
    if (outcome === 'store_full') throw new Refusal('quota_exceeded', { detail: STORE_FULL });
    if (outcome === 'token_spent') throw new Refusal('key_unknown');
    if (typeof outcome === 'object') return replayed(context, act, outcome.replayed);
  }
}
