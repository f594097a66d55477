/**
 * Claiming what may be used once, and knowing since when claims are remembered. The memory begins anew when
 * it is not there (an emptied Redis), or is another server process's: a restart without persistence, a
 * snapshot, a replica that took over may each have lost claims that were acknowledged. So it does when Redis's
 * clock was set back to before it began: what is issued from now on would else be refused until then.
 */
import { commitScript } from './commit-script.ts';

/** A server that does not tell its run id to scripts is one for ever; an emptied store is still noticed. */
const MEMORY = `
  local info = redis.pcall('INFO', 'server')
  local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'untold'
  local remembered, since = string.match(redis.call('GET', KEYS[1]) or '', '^(%w+) (%d+)$')
  if remembered ~= run or tonumber(since) > tonumber(time[1]) then
    since = time[1]
    redis.call('SET', KEYS[1], run .. ' ' .. since)
  end
`;

/**
 * KEYS memory. ARGV deadline. Of a replica it is not begun: a write that is refused there cuts the connection
 * (`connect.ts`), and each new connection begins with this one.
 */
export const beginReplayMemory = commitScript(`
  local replication = redis.pcall('INFO', 'replication')
  local isTold = type(replication) == 'string'
  if isTold and string.find(replication, 'role:slave', 1, true) then return { 'replica', now } end
  ${MEMORY}
  return { 'begun', now }
`);

/**
 * KEYS memory, claim. ARGV deadline, age in seconds, milliseconds to remember. Both times are whole seconds, and
 * the age is of two clocks that need not turn at once: only what is later than the memory by more than that
 * rounding was issued after it began.
 */
export const claimReplay = commitScript(`${MEMORY}
  if time[1] - ARGV[2] - 1 <= tonumber(since) then return { 'forgotten', now } end
  local first = redis.call('SET', KEYS[2], '1', 'PX', ARGV[3], 'NX')
  return { first and 'claimed' or 'used', now }
`);
