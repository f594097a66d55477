/**
 * How many tokens each client may be given in a minute, where its portal's policy says so (S-DOS-01). Asked once it is
 * known who the client is: a stranger uses up nobody's allowance, and hears nothing of it.
 *
 * Counted in this process's memory, so that a token costs no look-up: with several processes a client may have as many
 * from each. Not by the limiter of failures (`stores/memory-rate-limiter.ts`): that answers later, and this road does
 * not wait. All counts end together with their minute, and that is all the memory that they take.
 */
import type { ClientId } from '../clients/client-id.ts';
import { Refusal } from '../lib/refusal.ts';

const MINUTE_MS = 60_000;

const DETAIL =
  "This client was given as many tokens as its portal's policy allows in a minute; use each until it expires, and wait for as long as Retry-After says.";

export interface TokenAllowance {
  /** Throws `Refusal` `rate_limited`. `perMinute` 0: as many as it asks for. `nowMs` is monotonic. */
  require(client: ClientId, perMinute: number, nowMs: number): void;
  /** One was given. */
  given(client: ClientId, perMinute: number): void;
}

export function tokenAllowance(): TokenAllowance {
  const given = new Map<ClientId, number>();
  let endsAtMs = Number.NEGATIVE_INFINITY;
  return {
    require(client, perMinute, nowMs) {
      if (perMinute === 0) return;
      if (nowMs >= endsAtMs) {
        given.clear();
        endsAtMs = nowMs + MINUTE_MS;
      }
      if ((given.get(client) ?? 0) < perMinute) return;
      const seconds = Math.ceil((endsAtMs - nowMs) / 1000);
      throw new Refusal('rate_limited', { detail: DETAIL, headers: { 'retry-after': String(seconds) } });
    },
    given(client, perMinute) {
      if (perMinute > 0) given.set(client, (given.get(client) ?? 0) + 1);
    },
  };
}
