/**
 * Revocation (RFC 7009) of a client's own access tokens. Success means that it is on disk (S-REV-05). What is
 * no token of ours, or not valid any more, is revoked already as far as its sender can care (section 2.2);
 * another client's token is refused, and its sender told (section 2.1).
 */
import type { TokenClient } from '../clients/token-client.ts';
import type { StatusEntry } from './revocation-store.ts';
import type { Revocations } from './revocations.ts';
import type { StatusClaim } from './status-list-places.ts';
import { TokenRefusal } from './token-refusal.ts';
import { type VerifyContext, verifyAccessToken } from './verify.ts';

export interface RevokeContext extends VerifyContext {
  readonly revocations: Pick<Revocations, 'revoke'>;
}

/** Throws `TokenRefusal` or `StoreUnavailable`. */
export async function revoke(
  context: RevokeContext,
  caller: TokenClient,
  token: string,
  nowSeconds: number,
): Promise<void> {
  const claims = await verifyAccessToken(context, token, nowSeconds);
  if (claims === undefined) return;
  if (claims.client_id !== caller.client_id) {
    throw new TokenRefusal('invalid_request', 'the token was not issued to this client');
  }
  const entry = claims.status && placeOf(claims.status);
  await context.revocations.revoke({
    jti: claims.jti,
    expires_at: claims.exp,
    ...(entry === undefined ? {} : { entry }),
  });
}

/** A list's id is the last part of its URI, which we made. */
function placeOf({ status_list: { idx, uri } }: StatusClaim): StatusEntry {
  return { list: uri.slice(uri.lastIndexOf('/') + 1), index: idx };
}
