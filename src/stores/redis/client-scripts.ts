/** The mutations of clients, under the rules of `commit-script.ts`. */
import { commitScript } from './commit-script.ts';
import { INTENTS } from './intent-scripts.ts';

/**
 * What a stored client says of its place in the index (`stored-client.ts`), without reading its JSON: the
 * cjson of Redis gives up on documents that are deeply nested, and a client's metadata may be.
 */
const INDEX_ENTRIES = `
  local function entries(stored, id)
    local created_at, facets = string.match(stored, '^%d+ (%d+)\\n(.-)\\n\\n')
    local list = {}
    for facet in string.gmatch(facets or '', '[^\\n]+') do
      list[#list + 1] = facet .. '\\n' .. created_at .. id
    end
    return list
  end
  local function without(list, others)
    local left = {}
    for _, entry in ipairs(list) do left[entry] = true end
    for _, entry in ipairs(others) do left[entry] = nil end
    return left
  end
`;

/** The answer's keys are the script's last two, its arguments the four from `first` on; `''`: none. */
const ANSWER = (first: number) => `
  local answer, secret = KEYS[#KEYS - 1], KEYS[#KEYS]
  if ARGV[${first}] ~= '' then
    local kept = redis.call('GET', answer)
    if kept then return { 'replayed', now, kept, redis.call('GET', secret) } end
  end
  local function keep_answer()
    if ARGV[${first}] == '' then return end
    local seconds, secret_seconds = tonumber(ARGV[${first + 1}]), tonumber(ARGV[${first + 3}])
    if seconds > 0 then redis.call('SET', answer, ARGV[${first}], 'EX', seconds) end
    if secret_seconds > 0 then redis.call('SET', secret, ARGV[${first + 2}], 'EX', secret_seconds) end
  end
`;

/** The intent to end is the argument at `first`, `''` for none; the one after it is its version. */
const FINISH = (first: number) => `
  local finished = ARGV[${first}] ~= '' and intent_stored(ARGV[${first}], ARGV[${first + 1}])
  if ARGV[${first}] ~= '' and not finished then return { 'intent_lost', now } end
  local function finish_intent()
    if finished then forget_intent(ARGV[${first}], finished) end
  end
`;

/**
 * Tells every node's cache, in the same commit. Numbered without a gap, so that whoever missed one knows;
 * with Redis's time, so that a number that was given twice (a failover lost the first) is told apart.
 */
const TELL_CHANGE = `
  local function tell_change(changes, id)
    local newest = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)[1]
    local number = newest and string.match(newest[1], '^%d+') or 0
    redis.call('XADD', changes, 'MAXLEN', '~', 10000, string.format('%d-0', number + 1), 'client', id, 'at', now)
  end
`;

/**
 * KEYS client, tombstone, client-count, portal-client-count, client-index, initial-access-token, intents'
 * five, answer, answer-secret.
 * ARGV deadline, client_id, stored, most clients, most in all, the portal that the initial access token must
 * be of ('': none is used), answer and its seconds, secret and its seconds, portal, the intent to end and its
 * version, what is stored in its place ('': nothing).
 */
export const createClient = commitScript(`
  ${INDEX_ENTRIES} ${ANSWER(7)} ${INTENTS(7)} ${FINISH(12)}
  if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return { 'exists', now } end
  if not finished then
    if places_taken(KEYS[4], ARGV[11]) >= tonumber(ARGV[4]) then return { 'quota_exceeded', now } end
    if tonumber(redis.call('GET', KEYS[3]) or '0') >= tonumber(ARGV[5]) then return { 'store_full', now } end
  end
  if ARGV[6] ~= '' then
    local portal, uses_left = unpack(redis.call('HMGET', KEYS[6], 'portal', 'uses_left'))
    if portal ~= ARGV[6] or tonumber(uses_left) < 1 then return { 'token_spent', now } end
  end
  redis.call('INCR', KEYS[3])
  redis.call('INCR', KEYS[4])
  if ARGV[6] ~= '' then redis.call('HINCRBY', KEYS[6], 'uses_left', -1) end
  for _, entry in ipairs(entries(ARGV[3], ARGV[2])) do redis.call('ZADD', KEYS[5], 0, entry) end
  redis.call('SET', KEYS[1], ARGV[3])
  finish_intent()
  if ARGV[14] ~= '' then keep_intent(ARGV[12], ARGV[14]) end
  keep_answer()
  return { 'created', now }
`);

/**
 * KEYS client, client-index, secret-uses, client-changes, intents' five, answer, answer-secret.
 * ARGV deadline, client_id, stored, expected version, answer and its seconds, secret and its seconds, the
 * intent to end and its version.
 */
export const replaceClient = commitScript(`
  ${INDEX_ENTRIES} ${TELL_CHANGE} ${ANSWER(5)} ${INTENTS(5)} ${FINISH(9)}
  local old = redis.call('GET', KEYS[1])
  if not old then return { 'gone', now } end
  if string.match(old, '^(%d+) ') ~= ARGV[4] then return { 'conflict', now } end
  local from, to = entries(old, ARGV[2]), entries(ARGV[3], ARGV[2])
  if not from[1] or not redis.call('ZSCORE', KEYS[2], from[1]) then return { 'elsewhere', now } end
  redis.call('SET', KEYS[1], ARGV[3])
  for entry in pairs(without(from, to)) do redis.call('ZREM', KEYS[2], entry) end
  for entry in pairs(without(to, from)) do redis.call('ZADD', KEYS[2], 0, entry) end
  for _, secret_id in ipairs(redis.call('HKEYS', KEYS[3])) do
    if not string.find(ARGV[3], secret_id, 1, true) then redis.call('HDEL', KEYS[3], secret_id) end
  end
  tell_change(KEYS[4], ARGV[2])
  finish_intent()
  keep_answer()
  return { 'replaced', now }
`);

/**
 * KEYS client, tombstone, client-index, client-count, portal-client-count, tombstone-left, secret-uses,
 * client-changes, intents' five.
 * ARGV deadline, client_id, tombstone, tombstone's lifetime, then if an intent begins: its op id, stored, the
 * client's expected version, the intent that it supersedes ('': none).
 * The DEL comes first: it is allowed when memory is full, and what follows a first write then is too.
 */
export const deleteClient = commitScript(`
  ${INDEX_ENTRIES} ${TELL_CHANGE} ${INTENTS(9)}
  local old = redis.call('GET', KEYS[1])
  if not old then return { 'gone', now } end
  local open, open_stored = open_intent('client ' .. ARGV[2])
  if ARGV[5] then
    if string.match(old, '^(%d+) ') ~= ARGV[7] then return { 'conflict', now } end
    if open and open ~= ARGV[8] then return { 'busy', now } end
  end
  local indexed = entries(old, ARGV[2])
  if not indexed[1] or not redis.call('ZSCORE', KEYS[3], indexed[1]) then return { 'elsewhere', now } end
  redis.call('DEL', KEYS[1], KEYS[7])
  redis.call('ZREM', KEYS[3], unpack(indexed))
  redis.call('DECR', KEYS[4])
  redis.call('DECR', KEYS[5])
  redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
  redis.call('SET', KEYS[6], '1', 'EX', ARGV[4])
  tell_change(KEYS[8], ARGV[2])
  if ARGV[5] then
    if open then forget_intent(open, open_stored) end
    keep_intent(ARGV[5], ARGV[6])
  end
  return { 'deleted', now }
`);

/**
 * KEYS client, secret-uses, of each use. ARGV deadline, then secret_id, first, last, count of each use.
 * The client's text holds its secrets' ids; a secret that was removed is not counted back into being.
 */
export const addSecretUses = commitScript(`
  for use = 1, #KEYS / 2 do
    local stored, uses = redis.call('GET', KEYS[use * 2 - 1]), KEYS[use * 2]
    local secret_id, first, last, count = unpack(ARGV, use * 4 - 2, use * 4 + 1)
    if stored and string.find(stored, secret_id, 1, true) then
      local kept = redis.call('HGET', uses, secret_id)
      if kept then
        local kept_first, kept_last, kept_count = string.match(kept, '^(%d+) (%d+) (%d+)$')
        first, last = math.min(first, kept_first), math.max(last, kept_last)
        count = count + kept_count
      end
      redis.call('HSET', uses, secret_id, string.format('%.0f %.0f %.0f', first, last, count))
    end
  end
  return { 'added', now }
`);
