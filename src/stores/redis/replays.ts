/** What may be used once, in Redis: one script claims it for all nodes. */
import type { ClaimOutcome, ReplayStore } from '../../tokens/replay-store.ts';
import type { Commit } from './commit.ts';
import { beginReplayMemory, claimReplay } from './replay-scripts.ts';
import type { Connection } from './script.ts';
import type { StorageKeys } from './storage-schema.ts';

const SECOND_MS = 1000;

export function redisReplays(commit: Commit, keys: StorageKeys): ReplayStore {
  return {
    async claim({ id, ageSeconds, ttlSeconds }) {
      const { outcome } = await commit(
        'replays.claim',
        claimReplay,
        [keys.replayMemory, keys.replay(id)],
        [Math.ceil(ageSeconds), Math.ceil(ttlSeconds * SECOND_MS)],
      );
      return outcome as ClaimOutcome;
    },
  };
}

/**
 * Begins the memory as soon as a server is there, now and after every reconnect, so that it is not the first
 * client to come who is told "forgotten". Never rejects: where it fails, the first claim begins the memory.
 */
export async function rememberReplays(
  connection: Connection,
  commit: Commit,
  keys: StorageKeys,
): Promise<void> {
  const begin = () =>
    commit('replays.begin', beginReplayMemory, [keys.replayMemory], []).then(
      () => {},
      () => {},
    );
  connection.on('ready', begin);
  if (connection.status === 'ready') await begin();
}
