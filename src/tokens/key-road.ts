/**
 * The road of clients that prove a key instead of sending a secret, and of tokens that are bound to one. It
 * ends in the same client store, grant policy and key ring as the short road.
 */
import type { AssertionContext } from './authenticate-assertion.ts';
import { authenticateByKey, type KeyCredentials } from './authenticate-key.ts';
import type { Confirmation } from './claims.ts';
import { PROOF_WINDOW_SECONDS, proofRefused, verifyProof } from './dpop-proof.ts';
import type { TokenResponse } from './issue.ts';
import { claimId } from './replay-store.ts';
import { PUBLIC_PATHS } from './server-metadata.ts';
import type { ShortRoadContext } from './short-road.ts';
import { askedFor } from './token-form.ts';

export type KeyRoadContext = AssertionContext & Pick<ShortRoadContext, 'issue'>;

/** Throws `TokenRefusal`, `Refusal` (`ring_unavailable`) or `StoreUnavailable`. */
export async function takeKeyRoad(
  context: KeyRoadContext,
  credentials: KeyCredentials,
  confirm?: () => Promise<Confirmation>,
): Promise<TokenResponse> {
  const client = await authenticateByKey(context, credentials);
  return context.issue(client, askedFor(credentials.form), await confirm?.());
}

/** What a DPoP proof binds the token to; once, and for our configured token endpoint alone (S-POP-07). */
export async function confirmProof(
  { issuer, replays, now }: Pick<KeyRoadContext, 'issuer' | 'replays' | 'now'>,
  text: string,
): Promise<Confirmation> {
  const expected = { method: 'POST', url: issuer + PUBLIC_PATHS.token, nowSeconds: now() };
  const { jkt, jti, issuedAtSeconds } = await verifyProof(text, expected);
  const outcome = await replays.claim({
    id: claimId('proof', jkt, jti),
    issuedAtSeconds,
    ttlSeconds: issuedAtSeconds + PROOF_WINDOW_SECONDS - expected.nowSeconds + 1,
  });
  if (outcome !== 'claimed') throw proofRefused(`is ${outcome}`);
  return { jkt };
}
