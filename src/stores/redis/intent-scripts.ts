/** The mutations of intents, under the rules of `commit-script.ts`, and the reads that take two steps. */
import { commitScript } from './commit-script.ts';
import { script } from './script.ts';

/**
 * Keeping and forgetting an intent with all that it is found by (`stored-intent.ts`); its five keys
 * (`intentKeys`) begin at `first`.
 */
export const INTENTS = (first: number) => `
  local intents, intents_due, intents_by_state, intent_of, open_creates = unpack(KEYS, ${first}, ${first + 4})
  local function intent_head(stored)
    return string.match(stored, '^%d+ (.-)\\n(.-)\\n(.-)\\n(.-)\\n(.-)\\n(.-)\\n')
  end
  local function intent_stored(op_id, version)
    local stored = redis.call('HGET', intents, op_id)
    if stored and string.match(stored, '^(%d+) ') == version then return stored end
  end
  local function open_intent(of)
    local op_id = redis.call('HGET', intent_of, of)
    return op_id, op_id and redis.call('HGET', intents, op_id)
  end
  local function forget_intent(op_id, stored)
    local state, started_at, creates, client, answer = intent_head(stored)
    redis.call('HDEL', intents, op_id)
    redis.call('ZREM', intents_due, op_id)
    redis.call('ZREM', intents_by_state, state .. '\\n' .. started_at .. op_id)
    redis.call('HDEL', intent_of, 'client ' .. client, 'answer ' .. answer)
    if creates ~= '' then redis.call('HINCRBY', open_creates, creates, -1) end
  end
  local function keep_intent(op_id, stored)
    local state, started_at, creates, client, answer, due = intent_head(stored)
    redis.call('HSET', intents, op_id, stored)
    redis.call('ZADD', intents_by_state, 0, state .. '\\n' .. started_at .. op_id)
    if due ~= '' then redis.call('ZADD', intents_due, due, op_id) end
    if client ~= '' then redis.call('HSET', intent_of, 'client ' .. client, op_id) end
    if answer ~= '' then redis.call('HSET', intent_of, 'answer ' .. answer, op_id) end
    if creates ~= '' then redis.call('HINCRBY', open_creates, creates, 1) end
  end
  local function places_taken(count, portal)
    return (redis.call('GET', count) or '0') + (redis.call('HGET', open_creates, portal) or '0')
  end
`;

/**
 * KEYS intents' five, portal-client-count, client-count, answer, answer-secret.
 * ARGV deadline, op id, stored, most clients, most in all.
 */
export const beginIntent = commitScript(`
  ${INTENTS(1)}
  local _, _, creates, client, answer = intent_head(ARGV[3])
  if answer ~= '' then
    local kept = redis.call('GET', KEYS[8])
    if kept then return { 'replayed', now, kept, redis.call('GET', KEYS[9]) } end
    local _, same = open_intent('answer ' .. answer)
    if same then return { 'same_key', now, same } end
  end
  if client ~= '' then
    local _, busy = open_intent('client ' .. client)
    if busy then return { 'busy', now, busy } end
  end
  if creates ~= '' and places_taken(KEYS[6], creates) >= tonumber(ARGV[4]) then
    return { 'quota_exceeded', now }
  end
  if creates ~= '' and tonumber(redis.call('GET', KEYS[7]) or '0') >= tonumber(ARGV[5]) then
    return { 'store_full', now }
  end
  keep_intent(ARGV[2], ARGV[3])
  return { 'begun', now }
`);

/** KEYS intents' five. ARGV deadline, op id, stored, expected version. What was forgotten makes the room. */
export const advanceIntent = commitScript(`
  ${INTENTS(1)}
  if redis.call('HEXISTS', intents, ARGV[2]) == 0 then return { 'gone', now } end
  local old = intent_stored(ARGV[2], ARGV[4])
  if not old then return { 'conflict', now } end
  forget_intent(ARGV[2], old)
  keep_intent(ARGV[2], ARGV[3])
  return { 'advanced', now }
`);

/** KEYS intents' five. ARGV deadline, op id, expected version. */
export const finishIntent = commitScript(`
  ${INTENTS(1)}
  if redis.call('HEXISTS', intents, ARGV[2]) == 0 then return { 'gone', now } end
  local old = intent_stored(ARGV[2], ARGV[3])
  if not old then return { 'conflict', now } end
  forget_intent(ARGV[2], old)
  return { 'finished', now }
`);

/** KEYS intents' five. ARGV client id. */
export const findIntentOfClient = script(`
  ${INTENTS(1)}
  local _, stored = open_intent('client ' .. ARGV[1])
  return stored
`);

/** KEYS intents' five. ARGV state, after, limit. */
export const listIntents = script(`
  ${INTENTS(1)}
  local from = ARGV[2] == '' and '[' .. ARGV[1] .. '\\n' or '(' .. ARGV[1] .. '\\n' .. ARGV[2]
  local entries =
    redis.call('ZRANGEBYLEX', intents_by_state, from, '[' .. ARGV[1] .. '\\n\\255', 'LIMIT', 0, ARGV[3])
  local found = {}
  for i, entry in ipairs(entries) do
    found[i] = redis.call('HGET', intents, string.sub(entry, #ARGV[1] + 13))
  end
  return found
`);

/** KEYS intents' five. ARGV now in epoch seconds, limit. */
export const dueIntents = script(`
  ${INTENTS(1)}
  local found = {}
  for i, op_id in ipairs(redis.call('ZRANGEBYSCORE', intents_due, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
    found[i] = redis.call('HGET', intents, op_id)
  end
  return found
`);

/** KEYS intents' five. ARGV state... Answers for each its count and its oldest `started_at` (`''`: none). */
export const countIntents = script(`
  ${INTENTS(1)}
  local counts = {}
  for i, state in ipairs(ARGV) do
    local from, to = '[' .. state .. '\\n', '[' .. state .. '\\n\\255'
    local oldest = redis.call('ZRANGEBYLEX', intents_by_state, from, to, 'LIMIT', 0, 1)[1]
    counts[i] = {
      redis.call('ZLEXCOUNT', intents_by_state, from, to),
      oldest and string.sub(oldest, #state + 2, #state + 12) or '',
    }
  end
  return counts
`);
