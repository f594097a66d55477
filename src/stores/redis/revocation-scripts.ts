/** Revoked tokens: kept in the order of their revocation, forgotten in the order of their ends. */
import { commitScript } from './commit-script.ts';
import { script } from './script.ts';

/** More than one commit leaves behind, and never long. */
const FORGOTTEN_AT_ONCE = 100;
/** A node whose clock is this much behind Redis's still takes the token for a valid one. */
const CLOCK_SKEW_SECONDS = 60;

/** KEYS revocations, revocation-ends, revocation-count. ARGV deadline, packed revocation, expires_at. */
export const revokeToken = commitScript(`
  local ended = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', time[1] - ${CLOCK_SKEW_SECONDS}, 'LIMIT', 0, ${FORGOTTEN_AT_ONCE})
  if #ended > 0 then
    redis.call('ZREM', KEYS[1], unpack(ended))
    redis.call('ZREM', KEYS[2], unpack(ended))
  end
  if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return { 'revoked', now } end
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
  redis.call('ZADD', KEYS[1], redis.call('INCR', KEYS[3]), ARGV[2])
  return { 'revoked', now }
`);

/**
 * KEYS revocations, revocation-count. ARGV cursor, limit. Answers the cursor that it read from and what was
 * revoked after it, each with its place. A count below the cursor is another store's, or an emptied one's.
 */
export const revokedAfter = script(`
  local cursor = tonumber(ARGV[1])
  if tonumber(redis.call('GET', KEYS[2]) or '0') < cursor then cursor = 0 end
  return { cursor, redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. cursor, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2]) }
`);
