/**
 * Finds the clients of a page in the facet rows. Every statement here is an index look-up with a limit: the
 * number of clients does not change what it costs.
 */
import type { ClientQuery, Position } from '../../clients/client-query.ts';
import { cutPage, MAX_CANDIDATES, type PagePositions } from '../cut-page.ts';
import { facetsAsked, STATES } from '../facets.ts';
import type { Database } from './database.ts';

const ROWS = 'SELECT created_at, client_id FROM client_facets WHERE portal = ?1 AND provider = ?2';
const AFTER = 'AND (created_at, client_id) > (?3, ?4)';
const IN_ORDER = 'ORDER BY created_at, client_id LIMIT ?5';
const OF_EACH_STATE = STATES.map((state) => `${ROWS} AND facet = '${state}' ${AFTER}`);

export function sqliteClientPages(database: Database): (query: ClientQuery) => PagePositions {
  // SQLite merges them as it goes: each comes in this order from its index.
  const selectAll = database.prepare(`${OF_EACH_STATE.join(' UNION ALL ')} ${IN_ORDER}`);
  const select = database.prepare(`${ROWS} ${AFTER} AND facet = ?6 ${IN_ORDER}`);
  const selectCount = database.prepare(
    `SELECT count(*) AS rows FROM (${ROWS} ${AFTER} AND facet = ?6 LIMIT ?5)`,
  );
  const selectOne = database.prepare(`${ROWS} AND created_at = ?3 AND client_id = ?4 AND facet = ?5`);

  return (query) => {
    const { portal, provider, limit, after = FIRST } = query;
    const from = [portal, provider, after.created_at, after.client_id] as const;

    function rarestFirst(facets: readonly string[]): readonly string[] {
      if (facets.length < 2) return facets;
      return facets
        .map((facet) => ({ facet, ...(selectCount.get(...from, MAX_CANDIDATES, facet) as { rows: number }) }))
        .sort((one, other) => one.rows - other.rows)
        .map(({ facet }) => facet);
    }
    const [rarest, ...others] = rarestFirst(facetsAsked(query));
    if (rarest === undefined) return cutPage(positions(selectAll.all(...from, limit + 1)), limit, undefined);

    const most = others.length === 0 ? limit : MAX_CANDIDATES;
    const candidates = positions(select.all(...from, most + 1, rarest));
    const matches: Position[] = [];
    for (const candidate of candidates.slice(0, most)) {
      const place = [portal, provider, candidate.created_at, candidate.client_id] as const;
      if (others.every((facet) => selectOne.get(...place, facet) !== undefined)) matches.push(candidate);
      if (matches.length > limit) break;
    }
    return cutPage(matches, limit, candidates.length > most ? candidates[most - 1] : undefined);
  };
}

/** Before every client. */
const FIRST = { created_at: -1, client_id: '' };

function positions(rows: readonly unknown[]): readonly Position[] {
  return (rows as readonly Position[]).map(({ created_at, client_id }) => ({ created_at, client_id }));
}
