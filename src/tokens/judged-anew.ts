/**
 * Whether credentials are a client's, by what is in memory and, before they are refused, by what the store has
 * now: a secret that another node has just given out, a key that was just registered there, must work at once
 * . A refusal costs one look-up, as an unknown client does, and shares it with those made meanwhile. What
 * the store has as it is in memory is not judged again, so that refusals cost alike (S-TOK-11).
 */
import { type ClientId, isClientId } from '../clients/client-id.ts';
import type { TokenClient } from '../clients/token-client.ts';

export interface ClientReads {
  /** Resolves with `undefined` for a client that is unknown; throws `StoreUnavailable` when it can't tell. */
  read(id: ClientId): Promise<TokenClient | undefined>;
  /** The same from the store, whatever is in memory. */
  readAnew(id: ClientId): Promise<TokenClient | undefined>;
}

/** `judge` is asked about an unknown client too, and says `undefined` for "no". */
export async function judgedAnew<T>(
  clients: ClientReads,
  clientId: string,
  judge: (client: TokenClient | undefined) => T | undefined | Promise<T | undefined>,
): Promise<T | undefined> {
  const known = isClientId(clientId) ? await clients.read(clientId) : undefined;
  const verdict = await judge(known);
  if (verdict !== undefined || known === undefined) return verdict;
  const stored = await clients.readAnew(known.client_id);
  if (stored === undefined || stored.version === known.version) return undefined;
  return judge(stored);
}
