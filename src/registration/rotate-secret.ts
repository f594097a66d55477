/**
 * Gives a client a new secret. The old one stops at once, unless the portal's policy grants an overlap; a
 * request may only shorten it. Two secrets are valid at most: rotating within an overlap ends the oldest
 * (S-MGT-15), and never leaves the client without a secret that works.
 */
import { isValidAt, newSecret, type Secret } from '../clients/secret.ts';
import { Refusal } from '../lib/refusal.ts';
import {
  type Act,
  type ClientWithSecret,
  changeOwned,
  type RegistrationContext,
  requireProvider,
} from './context.ts';

/** `overlapSeconds`: what the request asks for; `undefined` takes the policy's. */
export async function rotateSecret(
  context: RegistrationContext,
  act: Act,
  id: string,
  overlapSeconds: number | undefined,
): Promise<ClientWithSecret> {
  requireProvider(context, act);
  if (context.providers.get(act.provider) === 'oidc') throw new Refusal('rotation_unsupported');
  const allowed = context.policyOf(act.portal).secret_overlap_seconds;
  const overlap = Math.min(overlapSeconds ?? allowed, allowed);
  const { secret, value } = newSecret(context.random, context.hashSecret, act.nowSeconds);
  const client = await changeOwned(context, act, id, (current) => ({
    ...current,
    secrets: [secret, ...ending(current.secrets, act.nowSeconds, overlap)],
  }));
  return { client, clientSecret: value };
}

/** The newest secret still valid, ending after the overlap or when it would have ended anyway. */
function ending(secrets: readonly Secret[], nowSeconds: number, overlapSeconds: number): readonly Secret[] {
  const newest = secrets.find((secret) => isValidAt(secret, nowSeconds));
  if (newest === undefined || overlapSeconds <= 0) return [];
  const end = nowSeconds + overlapSeconds;
  return [{ ...newest, expires_at: newest.expires_at === 0 ? end : Math.min(newest.expires_at, end) }];
}
