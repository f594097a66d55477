/** The mutation of the key ring, and the question whether a commit would be taken at all. */
import { commitScript } from './commit-script.ts';

/** KEYS ring. ARGV deadline, stored, expected version (0: none is stored). */
export const writeRing = commitScript(`
  local head = redis.call('GETRANGE', KEYS[1], 0, 20)
  local version = head == '' and '0' or string.match(head, '^(%d+) ')
  if version ~= ARGV[3] then return { 'conflict', now } end
  redis.call('SET', KEYS[1], ARGV[2])
  return { 'written', now }
`);

/** KEYS ring, only so that a cluster sends it to the shard that holds the store. ARGV deadline. */
export const ping = commitScript(`
  return { 'pong', now }
`);
