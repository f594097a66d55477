/** Reads a listing page by page to its end. */
import assert from 'node:assert/strict';
import type { ClientPage, ClientQuery } from '../../../src/clients/client-query.ts';
import type { ClientRecord } from '../../../src/clients/client-record.ts';
import type { ClientStore } from '../../../src/clients/client-store.ts';
import type { PortalName } from '../../../src/portals/portal-name.ts';

export type Asked = Partial<Omit<ClientQuery, 'portal' | 'after'>>;

/** `between` runs after each page. */
export async function walk(
  clients: ClientStore,
  portal: PortalName,
  asked: Asked = {},
  between: (page: ClientPage) => Promise<unknown> = async () => {},
): Promise<readonly ClientRecord[]> {
  const query = { portal, provider: 'local', state: undefined, labels: [], limit: 100, ...asked };
  const listed: ClientRecord[] = [];
  let after: ClientQuery['after'];
  do {
    const page = await clients.list({ ...query, after });
    assert.ok(page.clients.length <= query.limit, `${page.clients.length} clients on a page`);
    listed.push(...page.clients);
    after = page.next;
    await between(page);
  } while (after !== undefined);
  return listed;
}

/** In the order of pages. */
export function inOrder(records: readonly ClientRecord[]): readonly ClientRecord[] {
  return records.toSorted((one, other) => {
    if (one.created_at !== other.created_at) return one.created_at - other.created_at;
    return one.client_id < other.client_id ? -1 : 1;
  });
}
