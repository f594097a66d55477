/** Finds the clients of a page in the index, in one round trip, whatever was asked for. */
import type { ClientId } from '../../clients/client-id.ts';
import type { ClientQuery, Position } from '../../clients/client-query.ts';
import { cutPage, MAX_CANDIDATES, type PagePositions } from '../cut-page.ts';
import { facetsAsked, STATES } from '../facets.ts';
import { rangeOfAll, rangeOfEach } from './read-scripts.ts';
import type { Reads } from './reads.ts';
import type { StorageKeys } from './storage-schema.ts';
import { packCreatedAt } from './stored-client.ts';

export async function findPage(reads: Reads, keys: StorageKeys, query: ClientQuery): Promise<PagePositions> {
  const { portal, provider, after, limit } = query;
  const index = [keys.clientIndex(portal, provider)];
  const from = after === undefined ? '' : packCreatedAt(after.created_at) + after.client_id;
  const asked = facetsAsked(query);

  if (asked.length === 0) {
    const ranges = await reads.script('clients.list', rangeOfEach, index, [from, limit + 1, ...STATES]);
    const entries = (ranges as readonly (readonly string[])[]).flat().map(place).sort();
    return cutPage(entries.slice(0, limit + 1).map(position), limit, undefined);
  }
  const most = asked.length === 1 ? limit : MAX_CANDIDATES;
  const found = await reads.script('clients.list', rangeOfAll, index, [from, limit + 1, most, ...asked]);
  const [last = '', ...entries] = found as readonly string[];
  return cutPage(
    entries.map((entry) => position(place(entry))),
    limit,
    last === '' ? undefined : position(place(last)),
  );
}

/** An entry is a facet, a line break, and the client's place in the order. */
function place(entry: string): string {
  return entry.slice(entry.indexOf('\n') + 1);
}

function position(text: string): Position {
  const width = packCreatedAt(0).length;
  return { created_at: Number(text.slice(0, width)), client_id: text.slice(width) as ClientId };
}
