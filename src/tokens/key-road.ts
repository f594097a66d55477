/**
 * The road of clients that prove a key instead of sending a secret, and of tokens that are bound to one. It
 * ends in the same client store, grant policy and key ring as the short road.
 */
import type { AssertionContext } from './authenticate-assertion.ts';
import { authenticateByKey, type KeyCredentials } from './authenticate-key.ts';
import type { Confirmation } from './claims.ts';
import { nonceWanted, proofRefused, verifyProof } from './dpop-proof.ts';
import type { TokenResponse } from './issue.ts';
import type { ProofNonces } from './proof-nonces.ts';
import { claimId, refuseYoungMemory } from './replay-store.ts';
import { PUBLIC_PATHS } from './server-metadata.ts';
import type { Confirm, ShortRoadContext } from './short-road.ts';
import { askedFor } from './token-form.ts';

export interface KeyRoadContext extends AssertionContext, Pick<ShortRoadContext, 'issue'> {
  /** Where proofs must have a nonce of ours. */
  readonly nonces: ProofNonces | undefined;
}

/** Throws `TokenRefusal`, `Refusal` (`ring_unavailable`, `replay_memory_new`) or `StoreUnavailable`. */
export async function takeKeyRoad(
  context: KeyRoadContext,
  credentials: KeyCredentials,
  confirm?: Confirm,
): Promise<TokenResponse> {
  const client = await authenticateByKey(context, credentials);
  return context.issue(client, askedFor(credentials.form), await confirm?.());
}

/** What a DPoP proof binds the token to; once, and for our configured token endpoint alone (S-POP-07). */
export async function confirmProof(
  { issuer, replays, nonces, now }: Pick<KeyRoadContext, 'issuer' | 'replays' | 'nonces' | 'now'>,
  text: string,
): Promise<Confirmation> {
  const expected = { method: 'POST', url: issuer + PUBLIC_PATHS.token, nowSeconds: now(), nonces };
  const { jkt, jti, ageSeconds, leftSeconds } = await verifyProof(text, expected);
  const id = claimId('proof', jkt, jti);
  const outcome = await replays.claim({ id, ageSeconds, ttlSeconds: leftSeconds });
  refuseYoungMemory(outcome, { ageSeconds });
  // The store began to remember after the nonce was issued: with a new one the client is through.
  if (outcome === 'forgotten' && nonces !== undefined) throw nonceWanted();
  if (outcome !== 'claimed') throw proofRefused(`is ${outcome}`);
  return { jkt };
}
