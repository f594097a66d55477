/** The reads that look at more than one key; a script, so that no commit comes between their steps. */
import { script } from './script.ts';

/** KEYS portals, portal-keys. ARGV key hash. Answers the portal's name and what is stored of it. */
export const findPortal = script(`
  local name = redis.call('HGET', KEYS[2], ARGV[1])
  if not name then return false end
  return { name, redis.call('HGET', KEYS[1], name) or '' }
`);

/**
 * KEYS portals, client-count, tombstone-left. A tombstone lives as long as the mark that the last delete
 * left or shorter: without the mark there is none, and none has to be counted.
 */
export const isUnused = script(`
  if redis.call('EXISTS', KEYS[1], KEYS[3]) > 0 then return 0 end
  return (redis.call('GET', KEYS[2]) or '0') == '0' and 1 or 0
`);
