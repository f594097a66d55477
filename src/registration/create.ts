/**
 * Registers a client (RFC 7591 section 3): id and secret are ours, everything is stored in one commit
 * before the answer, and the secret's value exists only in that answer.
 */
import { newClientId } from '../clients/client-id.ts';
import { mergeMetadata } from '../clients/merge-metadata.ts';
import { newSecret } from '../clients/secret.ts';
import { type Act, type ClientWithSecret, type RegistrationContext, requireProvider } from './context.ts';
import { applyPolicy } from './policy.ts';

export async function createClient(
  context: RegistrationContext,
  act: Act,
  body: Readonly<Record<string, unknown>>,
): Promise<ClientWithSecret> {
  requireProvider(context, act);
  const policy = context.policyOf(act.portal);
  const metadata = applyPolicy(mergeMetadata({}, body), policy);
  const { secret, value } = newSecret(context.random, context.hashSecret, act.nowSeconds);
  for (;;) {
    const client = {
      client_id: newClientId(context.random),
      portal: act.portal,
      provider: act.provider,
      version: 1,
      state: 'active' as const,
      created_at: act.nowSeconds,
      updated_at: act.nowSeconds,
      metadata,
      granted_resources: policy.resources,
      secrets: [secret],
    };
    if ((await context.clients.create(client)) === 'created') return { client, clientSecret: value };
  }
}
