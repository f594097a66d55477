/**
 * The mutations. One script is one commit: Redis runs it whole and alone, so its version compare, its
 * record, its indexes and its tombstone are one step. Each checks everything before its first write,
 * because Redis undoes nothing. Should an ACL stop a script half-way after all, what is left is a count of
 * clients that is too high, never too low: the store then still counts as used.
 *
 * Every script starts with its deadline, in Redis's clock: a commit that waited in a socket while the
 * server hung is refused when the server comes back, instead of happening long after its caller was told
 * 503 (R-04, F-03). It answers with an outcome and Redis's time, from which the next deadline is made.
 */
import { script } from './script.ts';

const DEADLINE = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if now > tonumber(ARGV[1]) then return { 'late', now } end
`;

const commit = (lua: string) => script(DEADLINE + lua);

/** KEYS client, tombstone, portal-clients, client-count. ARGV deadline, stored, created_at, client_id. */
export const createClient = commit(`
  if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return { 'exists', now } end
  redis.call('INCR', KEYS[4])
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[4])
  redis.call('SET', KEYS[1], ARGV[2])
  return { 'created', now }
`);

/** KEYS client. ARGV deadline, stored, expected version. */
export const replaceClient = commit(`
  local head = redis.call('GETRANGE', KEYS[1], 0, 20)
  if head == '' then return { 'gone', now } end
  if string.match(head, '^(%d+) ') ~= ARGV[3] then return { 'conflict', now } end
  redis.call('SET', KEYS[1], ARGV[2])
  return { 'replaced', now }
`);

/**
 * KEYS client, tombstone, portal-clients, client-count, tombstone-left.
 * ARGV deadline, client_id, tombstone, tombstone's lifetime.
 * The DEL comes first: it is allowed when memory is full, and what follows a first write then is too.
 */
export const deleteClient = commit(`
  if redis.call('DEL', KEYS[1]) == 0 then return { 'gone', now } end
  redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
  redis.call('SET', KEYS[5], '1', 'EX', ARGV[4])
  redis.call('ZREM', KEYS[3], ARGV[2])
  redis.call('DECR', KEYS[4])
  return { 'deleted', now }
`);

/** KEYS portals, portal-keys. ARGV deadline, name, stored, key hash... */
export const createPortal = commit(`
  if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then return { 'exists', now } end
  for i = 4, #ARGV do
    if redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 then return { 'key_taken', now } end
  end
  for i = 4, #ARGV do redis.call('HSET', KEYS[2], ARGV[i], ARGV[2]) end
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  return { 'created', now }
`);

/** KEYS portals, portal-keys. ARGV deadline, name, stored, expected version, key hash... */
export const replacePortal = commit(`
  local old = redis.call('HGET', KEYS[1], ARGV[2])
  if not old or string.match(old, '^(%d+) ') ~= ARGV[4] then return { 'conflict', now } end
  for i = 5, #ARGV do
    local owner = redis.call('HGET', KEYS[2], ARGV[i])
    if owner and owner ~= ARGV[2] then return { 'key_taken', now } end
  end
  local record = cjson.decode(string.match(old, '^%d+ (.*)$'))
  for _, key in ipairs(record.keys) do redis.call('HDEL', KEYS[2], key.hash) end
  for i = 5, #ARGV do redis.call('HSET', KEYS[2], ARGV[i], ARGV[2]) end
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  return { 'replaced', now }
`);

/** KEYS ring. ARGV deadline, stored, expected version (0: none is stored). */
export const writeRing = commit(`
  local head = redis.call('GETRANGE', KEYS[1], 0, 20)
  local version = head == '' and '0' or string.match(head, '^(%d+) ')
  if version ~= ARGV[3] then return { 'conflict', now } end
  redis.call('SET', KEYS[1], ARGV[2])
  return { 'written', now }
`);

/** KEYS ring, only so that a cluster sends it to the shard that holds the store. ARGV deadline. */
export const ping = commit(`
  return { 'pong', now }
`);
