/**
 * The mutations' scripts. One script is one commit: Redis runs it whole and alone, so its version compare,
 * its record, its indexes and its tombstone are one step. Each checks everything before its first write,
 * because Redis undoes nothing. Should an ACL stop a script half-way after all, what is left is a count of
 * clients that is too high, never too low: the store then still counts as used.
 *
 * Every script starts with its deadline, in Redis's clock: a commit that waited in a socket while the
 * server hung is refused when the server comes back, instead of happening long after its caller was told
 * 503 (R-04, F-03). Behind the deadline may stand which store is meant, as `<key> <epoch>` (`epoch.ts`): in
 * one that was emptied meanwhile, nothing is to be found missing and nothing begun. It answers with an outcome and Redis's time, from which the next deadline is made, and
 * then whatever belongs to the outcome.
 */
import { type Script, script } from './script.ts';

const DEADLINE = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local deadline, epoch_key, epoch = string.match(ARGV[1], '^(%d+) ?(%S*) ?(%S*)$')
  if now > tonumber(deadline) then return { 'late', now } end
  if epoch ~= '' and redis.call('GET', epoch_key) ~= epoch then return { 'emptied', now } end
`;

/**
 * KEYS are given by name, all of them but the epoch's, which is in the same slot: a cluster looks there for
 * the shard. ARGV begins with the deadline.
 */
export function commitScript(lua: string): Script {
  return script(DEADLINE + lua);
}
