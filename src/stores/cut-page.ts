/**
 * Where a page ends and the next one begins. A page is made from one index, the most selective of those
 * that were asked for; what else was asked is looked up for each candidate of it, and for no more than
 * `MAX_CANDIDATES` of them, so that no question costs more than that.
 */
import type { Position } from '../clients/client-query.ts';

export const MAX_CANDIDATES = 1000;

export interface PagePositions {
  readonly positions: readonly Position[];
  readonly next: Position | undefined;
}

/**
 * `matches` in their order; one more than `limit` of them tells that there is a next page. `lastLookedAt`:
 * where the looking was broken off, `undefined` when the index ended.
 */
export function cutPage(
  matches: readonly Position[],
  limit: number,
  lastLookedAt: Position | undefined,
): PagePositions {
  const positions = matches.slice(0, limit);
  return { positions, next: matches.length > limit ? positions.at(-1) : lastLookedAt };
}
