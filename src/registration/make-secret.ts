/** A new secret under the portal's policy: sealed beside its hash where the portal must be able to see it again. */
import { newSecret, type Secret } from '../clients/secret.ts';
import type { Act, RegistrationContext } from './context.ts';

export function makeSecret(
  context: RegistrationContext,
  { portal, nowSeconds }: Act,
): { readonly secret: Secret; readonly value: string } {
  const { secret, value } = newSecret(context.random, context.hashSecret, nowSeconds);
  if (context.policyOf(portal).secret_storage === 'hashed') return { secret, value };
  return { secret: { ...secret, sealed: context.sealSecret(value, secret.secret_id) }, value };
}
