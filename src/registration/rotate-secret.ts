/**
 * Gives a client a new secret. The old one stops at once, unless the portal's policy grants an overlap; a
 * request may only shorten it, and one that asks for more is refused. Two secrets are valid at most: rotating within an overlap ends the oldest
 * (S-MGT-15), and never leaves the client without a secret that works.
 */
import { isValidAt, type Secret } from '../clients/secret.ts';
import { endAfter } from '../lib/end-after.ts';
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
  const overlap = overlapSeconds ?? allowed;
  if (overlap > allowed) throw tooLong(allowed);
  const { secret, value } = makeSecret(context, act);
  return changeWithSecret(context, act, id, value, (client) => {
    requireSecretMethod(client);
    return { ...client, secrets: [secret, ...ending(client.secrets, act.nowSeconds, overlap)] };
  });
}

/** Not shortened in silence: whoever asked would count on a secret that has ended. */
function tooLong(allowedSeconds: number): Refusal {
  const message = `must be at most ${allowedSeconds}, which is what the policy of this portal allows`;
  return new Refusal('metadata_invalid', { problems: [{ path: 'secret_overlap_seconds', message }] });
}

/** The newest secret still valid, ending after the overlap or when it would have ended anyway. */
function ending(secrets: readonly Secret[], nowSeconds: number, overlapSeconds: number): readonly Secret[] {
  const newest = secrets.find((secret) => isValidAt(secret, nowSeconds));
  if (newest === undefined || overlapSeconds <= 0) return [];
  const end = endAfter(nowSeconds, overlapSeconds);
  return [{ ...newest, expires_at: newest.expires_at === 0 ? end : Math.min(newest.expires_at, end) }];
}
