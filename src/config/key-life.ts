/** The times of a signing key's life, from the settings that they depend on. */
import { type KeyLife, leastRetireAfterOutageSeconds, leastRetireAfterSeconds } from '../keys/key-life.ts';
import type { Config } from './schema.ts';

const DAY_SECONDS = 24 * 60 * 60;

export function keyLifeOf(config: Config): KeyLife {
  const life = {
    publishLeadSeconds: config.key_publish_lead_seconds,
    rotationSeconds: Math.round(config.key_rotation_days * DAY_SECONDS),
    clockSkewSeconds: config.clock_skew_seconds,
    refreshSeconds: Math.ceil(config.ring_refresh_ms / 1000),
    longestTokenSeconds: Math.max(
      ...Object.values(config.resources).map((resource) => resource.token_lifetime_seconds),
    ),
    readerWaitSeconds: config.key_reader_wait_seconds,
  };
  const least = Math.max(
    DAY_SECONDS,
    leastRetireAfterSeconds(life),
    leastRetireAfterOutageSeconds(life, config.max_stale_seconds),
  );
  return { ...life, retireAfterSeconds: config.key_retire_after_seconds ?? least };
}
