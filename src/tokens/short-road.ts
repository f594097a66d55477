/**
 * The short road to a token: authenticate by secret, decide, sign. One look-up of the client, one hash, one
 * signature. It ends in the same store, the same grant policy and the same key ring as the engine's road,
 * and answers what that would answer; a test sends both the same requests.
 */
import type { TokenClient } from '../clients/token-client.ts';
import { type AuthenticationContext, authenticateBySecret } from './authenticate-client.ts';
import type { Confirmation } from './claims.ts';
import type { TokenRequest } from './grant-policy.ts';
import type { TokenResponse } from './issue.ts';
import type { PlainRequest } from './plain-request.ts';

export interface ShortRoadContext extends AuthenticationContext {
  readonly issue: (
    client: TokenClient,
    request: TokenRequest,
    confirmation?: Confirmation,
  ) => TokenResponse | Promise<TokenResponse>;
}

/** What the token is bound to; asked once the client is authenticated, because asking may use up a proof. */
export type Confirm = () => Promise<Confirmation>;

/** Throws `TokenRefusal`, `Refusal` (`ring_unavailable`) or `StoreUnavailable`. */
export async function takeShortRoad(
  context: ShortRoadContext,
  plain: PlainRequest,
  confirm?: Confirm,
): Promise<TokenResponse> {
  const client = await authenticateBySecret(context, plain);
  return context.issue(client, plain.request(), await confirm?.());
}
