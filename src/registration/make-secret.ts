/** A new secret under the portal's policy: sealed beside its hash where the portal must be able to see it again. */
import { usesSecret } from '../clients/auth-method.ts';
import type { ClientRecord } from '../clients/client-record.ts';
import { newSecret, type Secret } from '../clients/secret.ts';
import { Refusal } from '../lib/refusal.ts';
import type { Act, RegistrationContext } from './context.ts';

export function makeSecret(
  context: RegistrationContext,
  { portal, nowSeconds }: Act,
): { readonly secret: Secret; readonly value: string } {
  const { secret, value } = newSecret(context.random, context.hashSecret, nowSeconds);
  if (context.policyOf(portal).secret_storage === 'hashed') return { secret, value };
  return { secret: { ...secret, sealed: context.sealSecret(value, secret.secret_id) }, value };
}

/** Throws `Refusal` `secret_unused`: a secret would open nothing, and its owner would believe that it does. */
export function requireSecretMethod({ metadata }: ClientRecord): void {
  if (!usesSecret(metadata)) throw new Refusal('secret_unused');
}
