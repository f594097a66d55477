/** What is kept beside a client so that it is found and counted; changed in the transaction that changes it. */
import type { ClientRecord } from '../../clients/client-record.ts';
import type { PortalName } from '../../portals/portal-name.ts';
import { facetsOf } from '../facets.ts';
import type { Database } from './database.ts';

export interface ClientIndex {
  /** How many clients the portal has, at any provider. */
  count(portal: PortalName): number;
  /** How many clients all portals have. */
  countAll(): number;
  add(record: ClientRecord): void;
  /** Only labels and state differ; the client stays at its place in the order. */
  change(from: ClientRecord, to: ClientRecord): void;
  remove(record: ClientRecord): void;
}

export function sqliteClientIndex(database: Database): ClientIndex {
  const selectCount = database.prepare('SELECT clients FROM client_counts WHERE portal = ?');
  const addToCount = database.prepare(`
    INSERT INTO client_counts (portal, clients) VALUES (?1, ?2)
    ON CONFLICT DO UPDATE SET clients = clients + ?2`);
  const selectTotal = database.prepare('SELECT clients FROM client_total WHERE only = 1');
  const addToTotal = database.prepare('UPDATE client_total SET clients = clients + ? WHERE only = 1');
  const insert = database.prepare(`
    INSERT INTO client_facets (portal, provider, facet, created_at, client_id) VALUES (?, ?, ?, ?, ?)`);
  const remove = database.prepare(`
    DELETE FROM client_facets
    WHERE portal = ? AND provider = ? AND facet = ? AND created_at = ? AND client_id = ?`);

  const insertFacet = ({ portal, provider, created_at, client_id }: ClientRecord, facet: string) =>
    insert.run(portal, provider, facet, created_at, client_id);
  const removeFacet = ({ portal, provider, created_at, client_id }: ClientRecord, facet: string) =>
    remove.run(portal, provider, facet, created_at, client_id);

  return {
    count(portal) {
      const row = selectCount.get(portal) as { clients: number } | undefined;
      return row?.clients ?? 0;
    },
    countAll: () => Number(selectTotal.get()?.clients),
    add(record) {
      for (const facet of facetsOf(record)) insertFacet(record, facet);
      addToCount.run(record.portal, 1);
      addToTotal.run(1);
    },
    change(from, to) {
      const [before, after] = [new Set(facetsOf(from)), new Set(facetsOf(to))];
      for (const facet of before) if (!after.has(facet)) removeFacet(from, facet);
      for (const facet of after) if (!before.has(facet)) insertFacet(from, facet);
    },
    remove(record) {
      for (const facet of facetsOf(record)) removeFacet(record, facet);
      addToCount.run(record.portal, -1);
      addToTotal.run(-1);
    },
  };
}
