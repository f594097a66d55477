/**
 * What clients are indexed by. A facet is one text that a client has or has not: its state, and each of its
 * labels. Exactly one of `STATES` is a client's, so both together are all clients.
 *
 * A label is written as JSON: whatever it holds, its facet holds no line break (Redis separates by them),
 * and reads like no other label and like no state.
 */
import type { ClientQuery } from '../clients/client-query.ts';
import type { ClientRecord } from '../clients/client-record.ts';

export const STATES = ['active', 'disabled'] as const satisfies readonly ClientRecord['state'][];

export function facetsOf({ state, metadata }: ClientRecord): readonly string[] {
  return [state, ...Object.entries(metadata.labels).map(labelFacet)];
}

/** Those that a listed client must all have; none when every client of the portal and provider is asked for. */
export function facetsAsked({ state, labels }: ClientQuery): readonly string[] {
  return [...new Set([...labels.map(labelFacet), ...(state === undefined ? [] : [state])])];
}

/** Of the clients that were found by an index, those that are still there and still what it said. */
export function stillAsked(
  found: readonly (ClientRecord | undefined)[],
  asked: readonly string[],
): readonly ClientRecord[] {
  return found.filter((record): record is ClientRecord => {
    const own = record && new Set(facetsOf(record));
    return own !== undefined && asked.every((facet) => own.has(facet));
  });
}

function labelFacet([name, value]: readonly [string, string]): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}
