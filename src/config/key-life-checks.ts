/** Times of a signing key's life that don't fit together (R-02, R-10, R-11, S-JWT-11). */
import {
  type KeyLife,
  leadSeconds,
  leastRetireAfterOutageSeconds,
  leastRetireAfterSeconds,
} from '../keys/key-life.ts';
import { keyLifeOf } from './key-life.ts';
import type { KnownConfig } from './known-config.ts';
import type { Finding } from './problems.ts';
import type { Config } from './schema.ts';

const DAY_SECONDS = 24 * 60 * 60;

export function checkKeyLife(known: KnownConfig): readonly Finding[] {
  const life = knownLife(known);
  const maxStale = known.max_stale_seconds ?? 0;
  if (life === undefined) return [];
  const least = leastRetireAfterSeconds(life);
  const findings: Finding[] = [];
  if (life.retireAfterSeconds < least) {
    const message = `must be at least ${least}: the longest token lifetime (${life.longestTokenSeconds} s), twice the clock skew and a refresh; a token would outlive its published key`;
    findings.push({ path: ['key_retire_after_seconds'], message });
  } else if (life.retireAfterSeconds < leastRetireAfterOutageSeconds(life, maxStale)) {
    const leastForOutage = leastRetireAfterOutageSeconds(life, maxStale);
    const message = `must be at least ${leastForOutage}: max_stale_seconds (${maxStale} s), the longest token lifetime (${life.longestTokenSeconds} s), the clock skew and a refresh; without the store a node would stop signing before max_stale_seconds are over`;
    findings.push({ path: ['key_retire_after_seconds'], message });
  }
  if (life.rotationSeconds > 0 && life.rotationSeconds < leadSeconds(life)) {
    const days = Math.ceil((leadSeconds(life) / DAY_SECONDS) * 1e4) / 1e4;
    const message = `must be 0 or at least ${days}: a key is published for key_publish_lead_seconds, a refresh and the clock skew before it signs`;
    findings.push({ path: ['key_rotation_days'], message });
  }
  return findings;
}

const COUNTED = [
  'key_publish_lead_seconds',
  'key_rotation_days',
  'clock_skew_seconds',
  'ring_refresh_ms',
  'key_reader_wait_seconds',
  'max_stale_seconds',
] as const;

/** `undefined` when a setting that counts has a problem of its own. */
function knownLife(known: KnownConfig): KeyLife | undefined {
  const resources = Object.values(known.resources ?? {});
  const complete =
    COUNTED.every((member) => known[member] !== undefined) &&
    resources.length > 0 &&
    resources.every(({ token_lifetime_seconds }) => token_lifetime_seconds !== undefined);
  return complete ? keyLifeOf(known as Config) : undefined;
}
