/**
 * Gives a client a new secret. The old one stops at once, unless the portal's policy grants an overlap; a
 * request may only shorten it. Two secrets are valid at most: rotating within an overlap ends the oldest
 * (S-MGT-15), and never leaves the client without a secret that works.
 */
import { isValidAt, type Secret } from '../clients/secret.ts';
import { Refusal } from '../lib/refusal.ts';
import { type Act, changeWithSecret, type RegistrationContext, requireProvider } from './context.ts';
import type { ClientAnswer } from './idempotency.ts';
import { makeSecret, requireSecretMethod } from './make-secret.ts';

/** `overlapSeconds`: what the request asks for; `undefined` takes the policy's. */
export async function rotateSecret(
  context: RegistrationContext,
  act: Act,
  id: string,
  overlapSeconds: number | undefined,
): Promise<ClientAnswer> {
  if (requireProvider(context, act).type === 'oidc') throw new Refusal('rotation_unsupported');
  const allowed = context.policyOf(act.portal).secret_overlap_seconds;
  const overlap = Math.min(overlapSeconds ?? allowed, allowed);
  const { secret, value } = makeSecret(context, act);
  return changeWithSecret(context, act, id, value, (client) => {
    requireSecretMethod(client);
    return { ...client, secrets: [secret, ...ending(client.secrets, act.nowSeconds, overlap)] };
  });
}

/** The newest secret still valid, ending after the overlap or when it would have ended anyway. */
function ending(secrets: readonly Secret[], nowSeconds: number, overlapSeconds: number): readonly Secret[] {
  const newest = secrets.find((secret) => isValidAt(secret, nowSeconds));
  if (newest === undefined || overlapSeconds <= 0) return [];
  const end = nowSeconds + overlapSeconds;
  return [{ ...newest, expires_at: newest.expires_at === 0 ? end : Math.min(newest.expires_at, end) }];
}
