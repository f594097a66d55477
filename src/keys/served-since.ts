/** Since when this process has served each key: in what really elapsed, whatever the clock was set to. */
import { isPublished, type Ring } from './ring.ts';

export interface ServedSince {
  /** From now on this ring's JWKS is served. */
  serves(ring: Ring): void;
  /** Whether the key has been served for the lead. */
  readonly forLead: (kid: string) => boolean;
}

export function servedSince(elapsedMs: () => number, publishLeadSeconds: number): ServedSince {
  let since = new Map<string, number>();
  return {
    serves: ({ keys }) => {
      const nowMs = elapsedMs();
      since = new Map(keys.filter(isPublished).map(({ kid }) => [kid, since.get(kid) ?? nowMs]));
    },
    forLead: (kid) => elapsedMs() - (since.get(kid) ?? Number.POSITIVE_INFINITY) >= publishLeadSeconds * 1000,
  };
}
