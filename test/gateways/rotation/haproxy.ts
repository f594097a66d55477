/**
 * HAProxy as its file says: the published keys are fetched again more often than the lead, and what runs is
 * replaced by one that knows them. The old one ends what it has in hand.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway, GatewaySetting } from '../gateway.ts';
import { startHaproxy } from '../haproxy.ts';

const IN_HAND_MS = 1000;

export interface RefreshedGateway {
  readonly current: () => Gateway;
  /** Rejects when a refresh had failed. */
  stop(): Promise<void>;
}

export async function startRefreshedHaproxy(
  setting: GatewaySetting,
  everyMs: number,
): Promise<RefreshedGateway> {
  const stopping = new AbortController();
  let current = await startHaproxy(setting);
  const refreshing = (async () => {
    for (;;) {
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      const before = current;
      current = await startHaproxy(setting);
      await sleep(IN_HAND_MS);
      await before.stop();
    }
  })();
  return {
    current: () => current,
    async stop() {
      stopping.abort();
      await refreshing.finally(() => current.stop());
    },
  };
}
