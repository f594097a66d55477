/**
 * Since when this node has served each key: while it runs in what really elapsed, whatever the clock was set to;
 * over a restart by the record on its disk, so that a restarted node goes on with the key it signed with. The
 * time when it was down counts: whoever asked it before has an answer with the key in it, or one from before
 * the key that is older than the lead. A record that is lost, or of another time, counts for nothing.
 */
import { z } from 'zod';
import type { KeyLife } from './key-life.ts';
import { isPublished, type Ring } from './ring.ts';

/** Epoch seconds by kid. */
export const servedRecord = z.record(z.string(), z.int().nonnegative());
export type ServedRecord = z.infer<typeof servedRecord>;

export interface ServedSince {
  /** From now on this ring's JWKS is served; a key that is not in it has to begin anew. */
  serves(ring: Ring): void;
  /** Whether the key has been served for the lead. */
  readonly forLead: (kid: string) => boolean;
  /** For the next process of this node. */
  record(): ServedRecord;
}

interface Clocks {
  readonly now: () => number;
  readonly elapsedMs: () => number;
}

/** `before`: the record of the process before this one. */
export function servedSince(
  { now, elapsedMs }: Clocks,
  { publishLeadSeconds, clockSkewSeconds }: Pick<KeyLife, 'publishLeadSeconds' | 'clockSkewSeconds'>,
  before: ServedRecord,
): ServedSince {
  let since = new Map<string, { readonly elapsedMs: number; readonly epochSeconds: number }>();
  const startedAt = now();
  for (const [kid, epochSeconds] of Object.entries(before)) {
    // The clock may have been set forward by the skew since; one that was set back makes the key a new one.
    const ageSeconds = startedAt - epochSeconds - clockSkewSeconds;
    if (ageSeconds > 0) since.set(kid, { elapsedMs: elapsedMs() - ageSeconds * 1000, epochSeconds });
  }
  return {
    serves: ({ keys }) => {
      const here = { elapsedMs: elapsedMs(), epochSeconds: now() };
      since = new Map(keys.filter(isPublished).map(({ kid }) => [kid, since.get(kid) ?? here]));
    },
    forLead: (kid) =>
      elapsedMs() - (since.get(kid)?.elapsedMs ?? Number.POSITIVE_INFINITY) >= publishLeadSeconds * 1000,
    record: () => Object.fromEntries([...since].map(([kid, { epochSeconds }]) => [kid, epochSeconds])),
  };
}
