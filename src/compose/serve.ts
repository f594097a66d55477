/** Serves what was opened, until it is stopped: the three listeners, and what a running service does beside them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, listenAll } from '../http/listener.ts';
import type { BootstrappedPortal } from '../portals/bootstrap.ts';
import { createHealth, type Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { clientCertificates } from './client-certificates.ts';
import { settleFirstPortal } from './first-portal.ts';
import { handlers } from './handlers.ts';
import { nowSeconds, type Parts } from './parts.ts';
import { publicTls } from './public-tls.ts';
import { recorders } from './recorders.ts';
import { repetitions } from './repetitions.ts';
import { tokenRevocations } from './token-inspection.ts';
import { upstreamContext, upstreamRecovery } from './upstream-context.ts';

export interface Service {
  /** Where the three listeners really are; a port that was 0 is the one the system chose. */
  readonly addresses: { readonly public: Address; readonly management: Address; readonly ops?: Address };
  /** What the ops listener says, for who speaks there for this process. */
  readonly health: Pick<Health, 'readiness'>;
  readonly metrics: Pick<Metrics, 'asJson'>;
  /**
   * Not ready; after `drain_delay_ms` stop accepting, let requests finish for at most `drain_timeout_ms`,
   * close.
   */
  stop(): Promise<void>;
}

export interface ServeOptions {
  /** Hears of the portal that a first start makes: the only sight of its key. */
  readonly portalCreated: (portal: BootstrappedPortal) => void;
  /** Whether it has an ops listener of its own: a worker's supervisor has it. */
  readonly ops: boolean;
}

/** Throws what kept it from starting: files it can't use, an address in use. */
export async function serve(parts: Parts, { portalCreated, ops }: ServeOptions): Promise<Service> {
  const { config, log, clock, metrics, store, ring, upstreams, clientKeys } = parts;
  const health = createHealth({
    store,
    ring: () => ({ version: ring.version, source: ring.source }),
    clock: clock.state,
    providers: upstreams.health,
  });
  const { usage, readers } = recorders(parts);
  const certificates = clientCertificates(config, log);
  const revocations = tokenRevocations(parts);
  await revocations.refresh(nowSeconds());
  const upstream = upstreamContext(parts, upstreams.byName);
  const recovery = upstreams.byName.size > 0 ? upstreamRecovery(parts, upstream) : undefined;
  const handle = handlers(parts, { health, usage, readers, certificates, revocations, upstream });
  let settled = false;
  const settle = async () => {
    if (!settled) settled = await settleFirstPortal(parts, portalCreated);
  };
  await settle();
  const tls = publicTls(config, log);
  const { ca } = certificates;
  const listeners = await listenAll({
    public: { handler: handle.public, address: config.public_listen, tls: tls && { ...tls.identity, ca } },
    management: { handler: handle.management, address: config.management_listen },
    ...(ops ? { ops: { handler: handle.ops, address: config.ops_listen } } : {}),
  });
  // Not awaited: a provider that is down delays no start.
  if (recovery) void Promise.all([upstreams.refresh(), recovery.run()]);
  const renewTls = tls && (() => tls.refresh((pair) => listeners.renewTls('public', { ...pair, ca })));
  const repeated = repetitions(parts, {
    usage,
    readers,
    revocations,
    recovery,
    renewTls,
    // Only where the store was away at start: the first portal is then still to be looked for.
    settle: settled ? undefined : settle,
  });
  return {
    addresses: listeners.addresses,
    health,
    metrics,
    stop: async () => {
      health.drain();
      for (const repetition of repeated) repetition.stop();
      // A load balancer goes on sending until it has asked for /readyz again.
      await sleep(config.drain_delay_ms);
      // Ops last, so that a probe hears "draining" for as long as there is something to drain.
      await listeners.close(['public', 'management'], config.drain_timeout_ms);
      await Promise.all([usage.flush(Number.MAX_SAFE_INTEGER), readers.flush()]);
      await recovery?.end();
      upstreams.close();
      clientKeys.close();
      await listeners.close(['ops'], 0);
      await store.close();
    },
  };
}
