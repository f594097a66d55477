/** Uses of secrets in Redis: one hash for each client whose secrets were used. */
import type { SecretUsageStore, SecretUse } from '../../clients/secret-usage.ts';
import { chunks } from '../chunks.ts';
import { damaged } from '../parse-record.ts';
import { addSecretUses } from './client-scripts.ts';
import type { Commit } from './commit.ts';
import type { Reads } from './reads.ts';
import type { StorageKeys } from './storage-schema.ts';

/** Uses in one script: Redis answers nobody while it runs. */
const BATCH = 200;

export function redisSecretUsage(commit: Commit, reads: Reads, keys: StorageKeys): SecretUsageStore {
  return {
    async addUses(uses) {
      for (const batch of chunks(uses, BATCH)) {
        await commit(
          'secretUsage.addUses',
          addSecretUses,
          batch.flatMap(({ client_id }) => [keys.client(client_id), keys.secretUses(client_id)]),
          batch.flatMap(({ secret_id, first_used_at, last_used_at, use_count }) => [
            secret_id,
            first_used_at,
            last_used_at,
            use_count,
          ]),
        );
      }
    },

    async readUses(id) {
      const stored = await reads.fields('secretUsage.readUses', keys.secretUses(id));
      return new Map(
        Object.entries(stored).map(([secret_id, text]) => [secret_id, unpack(id, secret_id, text)]),
      );
    },
  };
}

const FIRST_LAST_COUNT = /^(\d+) (\d+) (\d+)$/;

function unpack(id: string, secret_id: string, text: string): SecretUse {
  const [, first, last, count] = FIRST_LAST_COUNT.exec(text) ?? [];
  if (count === undefined) throw damaged('secretUsage.readUses', `uses of ${id}`, 'holds no counts');
  return {
    secret_id,
    first_used_at: Number(first),
    last_used_at: Number(last),
    use_count: Number(count),
  };
}
