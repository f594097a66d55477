/**
 * HAProxy as its file says: the published keys are fetched again more often than the lead, and what runs is
 * replaced by one that knows them. The old one ends what it has in hand.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway, GatewaySetting } from '../gateway.ts';
import { startHaproxy } from '../haproxy.ts';

/** As long as a call may take on a machine that has all this to do. */
const IN_HAND_MS = 5000;

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
  const ending: Promise<void>[] = [];
  const endLater = async (gateway: Gateway) => {
    await sleep(IN_HAND_MS, undefined, { signal: stopping.signal }).catch(() => {});
    await gateway.stop();
  };
  const refreshing = (async () => {
    for (;;) {
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      const before = current;
      current = await startHaproxy(setting);
      ending.push(endLater(before));
    }
  })();
  return {
    current: () => current,
    async stop() {
      stopping.abort();
      await refreshing.finally(() => Promise.all([current.stop(), ...ending]));
    },
  };
}
