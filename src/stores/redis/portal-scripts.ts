/** The mutations of portals, under the rules of `commit-script.ts`. */
import { commitScript } from './commit-script.ts';

/** KEYS portals, portal-keys. ARGV deadline, name, stored, key hash... */
export const createPortal = commitScript(`
  if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then return { 'exists', now } end
  for i = 4, #ARGV do
    if redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 then return { 'key_taken', now } end
  end
  for i = 4, #ARGV do redis.call('HSET', KEYS[2], ARGV[i], ARGV[2]) end
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  return { 'created', now }
`);

/** KEYS portals, portal-keys. ARGV deadline, name, stored, expected version, key hash... */
export const replacePortal = commitScript(`
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

/** KEYS initial-access-token. ARGV deadline, portal, uses, epoch seconds of its end: Redis forgets it then. */
export const addInitialAccessToken = commitScript(`
  redis.call('HSET', KEYS[1], 'portal', ARGV[2], 'uses_left', ARGV[3], 'expires_at', ARGV[4])
  redis.call('EXPIREAT', KEYS[1], ARGV[4])
  return { 'added', now }
`);
