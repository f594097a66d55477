/**
 * Counts the uses of secrets in memory and writes them in batches: the token road writes nothing. What a
 * crash loses is one batch's counts, so "safe to delete" is a hint about habits, not a proof.
 */
import type { ClientId } from './client-id.ts';
import type { ClientSecretUse, SecretUsageStore } from './secret-usage.ts';

export interface SecretUsageRecorder {
  used(client: ClientId, secretId: string, nowSeconds: number): void;
  /**
   * Writes what has been counted, what was counted first before the rest, of at most so many secrets; what
   * can't be written is counted on. Never rejects.
   */
  flush(most?: number): Promise<void>;
}

/** Secrets counted at a time, about 20 MiB; beyond it, uses of further secrets are not counted until a flush. */
const MAX_SECRETS = 100_000;

/**
 * A row costs the store as much as half a token costs us. Where 100,000 clients ask in turn, each token would
 * be followed by a row; so each use waits until its turn comes, and is one row with those that follow it.
 */
const MOST_AT_ONCE = 1000;

export function createSecretUsageRecorder(
  store: Pick<SecretUsageStore, 'addUses'>,
  failed: (error: unknown) => void,
): SecretUsageRecorder {
  const uses = new Map<string, ClientSecretUse>();

  function add(use: ClientSecretUse): void {
    const known = uses.get(use.secret_id);
    if (known === undefined && uses.size >= MAX_SECRETS) return;
    uses.set(use.secret_id, known === undefined ? use : together(known, use));
  }

  return {
    used: (client_id, secret_id, nowSeconds) =>
      add({ client_id, secret_id, first_used_at: nowSeconds, last_used_at: nowSeconds, use_count: 1 }),
    flush: async (most = MOST_AT_ONCE) => {
      const batch = [...uses.values()].slice(0, most);
      if (batch.length === 0) return;
      for (const { secret_id } of batch) uses.delete(secret_id);
      try {
        await store.addUses(batch);
      } catch (error) {
        for (const use of batch) add(use);
        failed(error);
      }
    },
  };
}

function together(one: ClientSecretUse, other: ClientSecretUse): ClientSecretUse {
  return {
    ...one,
    first_used_at: Math.min(one.first_used_at, other.first_used_at),
    last_used_at: Math.max(one.last_used_at, other.last_used_at),
    use_count: one.use_count + other.use_count,
  };
}
