/**
 * Slows down who guesses secrets: beyond so many failed authentications a minute, of one address or for one
 * client, further failures are answered with 429. Only failures are counted and only failures are refused:
 * whoever has the right secret gets a token however often a stranger tries, so nobody is locked out by
 * another (S-TOK-12). Counted in this process's memory; 256 bits do not need more.
 */
import type { Context } from 'koa';
import { isClientId } from '../clients/client-id.ts';
import { callerNetwork } from '../lib/caller-network.ts';
import { Refusal } from '../lib/refusal.ts';
import type { RateLimiter } from '../portals/rate-limiter.ts';

export interface FailedAuthentications {
  readonly ofAddress: RateLimiter;
  readonly ofClient: RateLimiter;
}

/** Throws `Refusal` `rate_limited`. `clientId` as it was sent, if it could be read. */
export async function countFailure(
  { ofAddress, ofClient }: FailedAuthentications,
  { ip }: Context,
  clientId: string | undefined,
): Promise<void> {
  // The address first: an id costs memory, and beyond the address's limit none is counted. What can be no id is as
  // long as a body may be, and nobody's (S-DOS-02).
  const isId = clientId !== undefined && isClientId(clientId);
  const seconds =
    (await ofAddress.take(callerNetwork(ip), 1)) ?? (isId ? await ofClient.take(clientId, 1) : undefined);
  if (seconds === undefined) return;
  throw new Refusal('rate_limited', { headers: { 'retry-after': String(seconds) } });
}
