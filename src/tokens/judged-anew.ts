/**
 * Whether credentials are a client's, by what is in memory and, before they are refused, by what the store has
 * now: a secret that another node has just given out, a key that was just registered there, must work at once
 * . A refusal costs one look-up that began after the request, whether the client is unknown, in memory, or
 * was not there yet, and shares it with those made meanwhile. What the store has as it is in memory is not judged
 * again. So refusals cost alike (S-TOK-11, F-31).
 */
import { type ClientId, isClientId } from '../clients/client-id.ts';
import type { TokenClient } from '../clients/token-client.ts';

export interface ClientReads {
  /** Resolves with `undefined` for a client that is unknown; throws `StoreUnavailable` when it can't tell. */
  read(id: ClientId): Promise<TokenClient | undefined>;
  /** How many look-ups have begun so far. */
  lookUps(): number;
  /** The same by a look-up that began after the first `since` of them, whatever was in memory then. */
  readAnew(id: ClientId, since: number): Promise<TokenClient | undefined>;
}

/** `judge` is asked about an unknown client too, and says `undefined` for "no". */
export async function judgedAnew<T>(
  clients: ClientReads,
  clientId: string,
  judge: (client: TokenClient | undefined) => T | undefined | Promise<T | undefined>,
): Promise<T | undefined> {
  const since = clients.lookUps();
  const known = isClientId(clientId) ? await clients.read(clientId) : undefined;
  const verdict = await judge(known);
  if (verdict !== undefined || known === undefined) return verdict;
  const stored = await clients.readAnew(known.client_id, since);
  if (stored === undefined || stored.version === known.version) return undefined;
  return judge(stored);
}
