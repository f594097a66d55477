/**
 * A client's list of secrets: show, add, delete. Two are valid at most (`max_secrets` of the policy), so
 * that a developer can move from one to the other without a gap and no third one is forgotten.
 */
import { isValidAt, type Secret } from '../clients/secret.ts';
import type { SecretUse } from '../clients/secret-usage.ts';
import { Refusal } from '../lib/refusal.ts';
import {
  type Act,
  changeOwned,
  changeWithSecret,
  type RegistrationContext,
  readOwned,
  requireProvider,
} from './context.ts';
import type { ClientAnswer } from './idempotency.ts';
import { makeSecret, requireSecretMethod } from './make-secret.ts';

export interface SecretView {
  readonly secret: Secret;
  readonly valid: boolean;
  /** Undefined when it was never seen in use. Counts lag behind by the batch interval. */
  readonly use: SecretUse | undefined;
  /** Not used since its successor was first used: whoever used it has moved on. */
  readonly safeToDelete: boolean;
}

/** Newest first. */
export async function listSecrets(
  context: RegistrationContext,
  act: Act,
  id: string,
): Promise<readonly SecretView[]> {
  requireProvider(context, act);
  const client = await readOwned(context, act, id);
  const uses = await context.secretUsage.readUses(client.client_id);
  return client.secrets.map((secret, index) => {
    const successor = client.secrets[index - 1];
    const use = uses.get(secret.secret_id);
    const successorUse = successor && uses.get(successor.secret_id);
    return {
      secret,
      use,
      valid: isValidAt(secret, act.nowSeconds),
      safeToDelete: successorUse !== undefined && (use?.last_used_at ?? 0) < successorUse.first_used_at,
    };
  });
}

/** The new secret is the answer's first. Throws `Refusal` `secret_limit` when as many as allowed are valid. */
export async function addSecret(context: RegistrationContext, act: Act, id: string): Promise<ClientAnswer> {
  if (requireProvider(context, act).type === 'oidc') throw new Refusal('rotation_unsupported');
  const { max_secrets } = context.policyOf(act.portal);
  const { secret, value } = makeSecret(context, act);
  return changeWithSecret(context, act, id, value, (client) => {
    requireSecretMethod(client);
    const valid = client.secrets.filter((known) => isValidAt(known, act.nowSeconds));
    if (valid.length >= max_secrets) throw new Refusal('secret_limit');
    return { ...client, secrets: [secret, ...valid] };
  });
}

/**
 * Ends a secret at once. Throws `Refusal`: `secret_unknown`, or `secret_last` for the only one that works:
 * a client without a secret is an outage, and rotating it replaces a leaked one just as fast.
 */
export async function deleteSecret(
  context: RegistrationContext,
  act: Act,
  id: string,
  secretId: string,
): Promise<void> {
  if (requireProvider(context, act).type === 'oidc') throw new Refusal('rotation_unsupported');
  await changeOwned(context, act, id, (client) => {
    const others = client.secrets.filter(({ secret_id }) => secret_id !== secretId);
    if (others.length === client.secrets.length) throw new Refusal('secret_unknown');
    if (!others.some((secret) => isValidAt(secret, act.nowSeconds))) throw new Refusal('secret_last');
    return { ...client, secrets: others };
  });
}
