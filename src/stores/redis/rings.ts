/** The sealed key ring in Redis: one string, replaced under a version compare. */
import type { RingStore } from '../../keys/ring-store.ts';
import type { Commit } from './commit.ts';
import { isUnused } from './read-scripts.ts';
import type { Reads } from './reads.ts';
import { writeRing } from './ring-scripts.ts';
import type { StorageKeys } from './storage-schema.ts';
import { packVersioned, unpackVersioned } from './versioned.ts';

export function redisRings(commit: Commit, reads: Reads, keys: StorageKeys): RingStore {
  return {
    async readRing() {
      const stored = await reads.text('rings.readRing', keys.ring);
      if (stored === null) return undefined;
      const { version, text } = unpackVersioned('rings.readRing', 'key ring', stored);
      return { version, document: text };
    },

    async writeRing({ version, document }, expectedVersion) {
      const { outcome } = await commit(
        'rings.writeRing',
        writeRing,
        [keys.ring],
        [packVersioned(version, document), expectedVersion],
      );
      return outcome as 'written' | 'conflict';
    },

    async isUnused() {
      const unused = await reads.script(
        'rings.isUnused',
        isUnused,
        [keys.portals, keys.clientCount, keys.tombstoneLeft],
        [],
      );
      return unused === 1;
    },
  };
}
