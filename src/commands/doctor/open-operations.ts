/** What was begun at upstream providers and not ended. */
import { ok, warning } from '../../lib/finding.ts';
import type { Check } from './check.ts';

const CHECK = 'open operations';
/** A service that runs takes on what is older; see `upstream_recovery_ms`. */
const STUCK_SECONDS = 15 * 60;

export const openOperations: Check = async ({ store, nowSeconds }) => {
  if (store.contents === undefined) return [];
  const counts = (await store.contents.intents.counts()).filter(({ intents }) => intents > 0);
  if (counts.length === 0) return [ok(CHECK, 'none')];
  return counts.map(({ state, intents, oldest_started_at: oldest = nowSeconds }) => {
    const found = `${intents} ${state}, the oldest for ${nowSeconds - oldest} s`;
    if (state !== 'started') return warning(CHECK, found, 'run dcr-bridge reconcile and settle each of them');
    if (nowSeconds - oldest < STUCK_SECONDS) return ok(CHECK, found);
    return warning(CHECK, found, 'run dcr-bridge reconcile, and see that a service runs on STORE_URL');
  });
};
