/**
 * Says at start what the store may lose, and keeps the service from starting on it where the operator forbade
 * that. A store that does not answer is no reason: keys and metadata are served meanwhile.
 */
import type { Config } from '../config/schema.ts';
import type { Store } from '../stores/store.ts';
import type { Logger } from '../telemetry/log.ts';

export async function requireDurability(config: Config, store: Store, log: Logger): Promise<void> {
  try {
    const { durable, warnings } = await store.durability();
    for (const warning of warnings) log.warn({ store: store.kind }, warning);
    if (durable || !config.require_durable_store) return;
  } catch (error) {
    log.warn({ err: error }, 'the store does not answer; only keys and metadata are served until it does');
    return;
  }
  throw new Error(
    'REQUIRE_DURABLE_STORE is set, but the store may lose acknowledged writes (see the warnings)',
  );
}
