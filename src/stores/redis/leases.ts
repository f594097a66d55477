/** Leases in Redis, by its clock: a lease is a string that Redis forgets when its time is over. */
import type { Leases } from '../../lib/lease.ts';
import type { Commit } from './commit.ts';
import { commitScript } from './commit-script.ts';
import type { StorageKeys } from './storage-schema.ts';

/** KEYS lease. ARGV deadline, holder, seconds. */
const holdLease = commitScript(`
  local holder = redis.call('GET', KEYS[1])
  if holder and holder ~= ARGV[2] then return { 'taken', now } end
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return { 'held', now }
`);

/** KEYS lease. ARGV deadline, holder. */
const releaseLease = commitScript(`
  if redis.call('GET', KEYS[1]) == ARGV[2] then redis.call('DEL', KEYS[1]) end
  return { 'released', now }
`);

export function redisLeases(commit: Commit, keys: StorageKeys): Leases {
  return {
    async hold(name, holder, seconds) {
      const { outcome } = await commit('leases.hold', holdLease, [keys.lease(name)], [holder, seconds]);
      return outcome === 'held';
    },
    async release(name, holder) {
      await commit('leases.release', releaseLease, [keys.lease(name)], [holder]);
    },
  };
}
