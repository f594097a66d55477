/** Who fetched the JWKS, in Redis: one hash. */
import { MAX_READERS, type ReaderStore } from '../../keys/reader-store.ts';
import { damaged } from '../parse-record.ts';
import type { Commit } from './commit.ts';
import { commitScript } from './commit-script.ts';
import type { Reads } from './reads.ts';
import type { StorageKeys } from './storage-schema.ts';

/** KEYS jwks-readers. ARGV deadline, most names, then reader, version, seen at, '1' if expected, of each. */
const addSightings = commitScript(`
  for at = 3, #ARGV, 4 do
    local reader, version, seen_at, expected = unpack(ARGV, at, at + 3)
    local kept = redis.call('HGET', KEYS[1], reader)
    if kept then
      local kept_version, kept_seen_at = string.match(kept, '^(%d+) (%d+)$')
      version, seen_at = math.max(version, kept_version), math.max(seen_at, kept_seen_at)
    end
    if kept or expected == '1' or redis.call('HLEN', KEYS[1]) < tonumber(ARGV[2]) then
      redis.call('HSET', KEYS[1], reader, string.format('%.0f %.0f', version, seen_at))
    end
  end
  return { 'added', now }
`);

export function redisReaders(commit: Commit, reads: Reads, keys: StorageKeys): ReaderStore {
  return {
    async addSightings(sightings, expected) {
      const args = sightings.flatMap(({ reader, version, seen_at }) => [
        reader,
        version,
        seen_at,
        expected.has(reader) ? '1' : '0',
      ]);
      await commit('readers.addSightings', addSightings, [keys.jwksReaders], [MAX_READERS, ...args]);
    },

    async readSightings() {
      const stored = await reads.fields('readers.readSightings', keys.jwksReaders);
      return Object.entries(stored).map(([reader, text]) => {
        const [, version, seenAt] = /^(\d+) (\d+)$/.exec(text) ?? [];
        if (seenAt === undefined) throw damaged('readers.readSightings', reader, 'holds no version and time');
        return { reader, version: Number(version), seen_at: Number(seenAt) };
      });
    },
  };
}
