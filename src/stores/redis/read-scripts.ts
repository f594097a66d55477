/** The reads that look at more than one key; a script, so that no commit comes between their steps. */
import { script } from './script.ts';

/** KEYS portals, portal-keys. ARGV key hash. Answers the portal's name and what is stored of it. */
export const findPortal = script(`
  local name = redis.call('HGET', KEYS[2], ARGV[1])
  if not name then return false end
  return { name, redis.call('HGET', KEYS[1], name) or '' }
`);

/**
 * Where a facet's entries begin, after the position `after` (`''`: from the first), and where they end. Every
 * range has a limit. Lua never compares entries: it would by the server's locale, Redis does by bytes.
 */
const RANGE = `
  local function from(facet, after)
    if after == '' then return '[' .. facet .. '\\n' end
    return '(' .. facet .. '\\n' .. after
  end
  local function to(facet) return '[' .. facet .. '\\n\\255' end
`;

/** KEYS client-index. ARGV after, limit, facet... Answers each facet's own entries, at one moment. */
export const rangeOfEach = script(`
  ${RANGE}
  local ranges = {}
  for i = 3, #ARGV do
    ranges[i - 2] = redis.call('ZRANGEBYLEX', KEYS[1], from(ARGV[i], ARGV[1]), to(ARGV[i]), 'LIMIT', 0, ARGV[2])
  end
  return ranges
`);

/**
 * KEYS client-index. ARGV after, limit, most candidates, facet... Answers the entries of the rarest facet whose
 * clients have all the others too, at most `limit` of them, behind the last entry that was looked at (`''`
 * when the index ended).
 */
export const rangeOfAll = script(`
  ${RANGE}
  local after, limit, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
  local rarest, fewest
  for i = 4, #ARGV do
    local count = redis.call('ZLEXCOUNT', KEYS[1], from(ARGV[i], after), to(ARGV[i]))
    if not fewest or count < fewest then rarest, fewest = ARGV[i], count end
  end
  local found =
    redis.call('ZRANGEBYLEX', KEYS[1], from(rarest, after), to(rarest), 'LIMIT', 0, most + 1)
  local last = ''
  if #found > most then
    table.remove(found)
    last = found[most]
  end
  for i = 4, #ARGV do
    if ARGV[i] ~= rarest and #found > 0 then
      local others, both = {}, {}
      for j, entry in ipairs(found) do others[j] = ARGV[i] .. string.sub(entry, #rarest + 1) end
      for j, score in ipairs(redis.call('ZMSCORE', KEYS[1], unpack(others))) do
        if score then both[#both + 1] = found[j] end
      end
      found = both
    end
  end
  for i = #found, limit + 1, -1 do found[i] = nil end
  return { last, unpack(found) }
`);

/**
 * KEYS portals, client-count, tombstone-left. A tombstone lives as long as the mark that the last delete
 * left or shorter: without the mark there is none, and none has to be counted.
 */
export const isUnused = script(`
  if redis.call('EXISTS', KEYS[1], KEYS[3]) > 0 then return 0 end
  return (redis.call('GET', KEYS[2]) or '0') == '0' and 1 or 0
`);

/**
 * KEYS store-epoch, client-changes. ARGV an epoch to give to a store that has none ('': none), the entry that
 * was seen last. Answers Redis's time, the epoch, the newest entry, and the time of the one that was seen.
 */
export const lookAround = script(`
  local epoch = redis.call('GET', KEYS[1])
  if not epoch and ARGV[1] ~= '' then
    redis.call('SET', KEYS[1], ARGV[1])
    epoch = ARGV[1]
  end
  local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  local seen = redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2])[1]
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  return { now, epoch or '', newest and newest[1] or '0-0', newest and newest[2][4] or '', seen and seen[2][4] or '' }
`);
