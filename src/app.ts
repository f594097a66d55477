/**
 * The composition root: the only file that knows every concrete thing. It opens the store and the key
 * ring, wires the rooms together and listens. What it can't open it refuses to start without, except a
 * store that does not answer: then JWKS and metadata are served from the ring's replica on disk.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClientCache, forgetting } from './clients/client-cache.ts';
import { createSecretUsageRecorder } from './clients/secret-usage-recorder.ts';
import { apiDescription } from './compose/api-description.ts';
import { bridge, bridgeRoutes } from './compose/bridge.ts';
import { clientCertificates } from './compose/client-certificates.ts';
import { clientCounts } from './compose/client-counts.ts';
import { settleFirstPortal } from './compose/first-portal.ts';
import { intentCounts } from './compose/intent-counts.ts';
import { knownHosts } from './compose/known-hosts.ts';
import { nowSeconds, type Parts } from './compose/parts.ts';
import { portalContext } from './compose/portal-context.ts';
import { publicTls } from './compose/public-tls.ts';
import { ringContext, ringUpkeep } from './compose/ring-context.ts';
import { tokenRevocations } from './compose/token-inspection.ts';
import { tokenService } from './compose/token-service.ts';
import { upstreamContext, upstreamRecovery } from './compose/upstream-context.ts';
import { openUpstreams } from './compose/upstreams.ts';
import { managementUrl } from './config/management-url.ts';
import type { Config } from './config/schema.ts';
import { createApp, type RegisterRoutes } from './http/apps.ts';
import { docsRoutes } from './http/docs-routes.ts';
import { fastRoad } from './http/fast-road.ts';
import { type Address, type ListenerName, listenAll, type TlsIdentity } from './http/listener.ts';
import { opsRoutes } from './http/ops-routes.ts';
import { publicRoutes } from './http/public-routes.ts';
import { tokenInspectionRoutes } from './http/token-inspection.ts';
import { createCredentials } from './keys/credentials.ts';
import { openKeyRing } from './keys/open-ring.ts';
import { createReaderRecorder } from './keys/reader-recorder.ts';
import { repeat } from './lib/repeat.ts';
import { returnMemory } from './lib/return-memory.ts';
import { whenIdle } from './lib/when-idle.ts';
import type { BootstrappedPortal } from './portals/bootstrap.ts';
import { openStore } from './stores/open-store.ts';
import type { Store } from './stores/store.ts';
import { createHealth, type Health } from './telemetry/health.ts';
import type { Logger } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { resourcesByIdentifier } from './tokens/resource.ts';
import { REVOCATIONS_REFRESH_MS } from './tokens/revocations.ts';

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

export interface ServiceOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Hears of the portal that a first start makes: the only sight of its key. */
  readonly portalCreated: (portal: BootstrappedPortal) => void;
  /** Whether it has an ops listener of its own: a worker's supervisor has it. */
  readonly ops: boolean;
}

/** Throws what kept it from starting: `RingError`, a store that can't be opened, an address in use. */
export async function startService({ config, log, ...options }: ServiceOptions): Promise<Service> {
  const store = await openStore(config.store_url, log);
  try {
    await requireDurability(config, store, log);
    const resources = resourcesByIdentifier(config.resources);
    const ring = await openKeyRing({
      ...(await ringContext(config, store, log)),
      upkeep: ringUpkeep(config, store),
    });
    const upstreams = await openUpstreams(config, (provider, call) => {
      metrics.upstreamCalled(provider, call);
      if (call.operation === 'discover' && call.outcome !== 'done') log.warn({ provider, ...call }, UNREAD);
    });
    const clientCache = createClientCache({
      read: store.clients.read,
      changes: store.clientChanges,
      maxBytes: config.client_cache_bytes,
      maxStaleMs: config.max_stale_seconds * 1000,
      nowMs: () => performance.now(),
    });
    const metrics = createMetrics({
      ringVersion: () => ring.version,
      ringUnconfirmedSeconds: () => ring.unconfirmedSeconds(),
      countClients: clientCounts(config, store),
      countIntents: intentCounts(store),
      clientCache: clientCache.state,
      circuits: upstreams.circuits,
    });
    const credentials = createCredentials(ring.root, randomBytes);
    const portals = portalContext(store, credentials);
    // Asked for when a URL is made: only then is it known which port the system chose.
    let management = config.management_listen;
    const parts = { config, log, metrics, clientCache, ring, credentials, portals, resources, upstreams };
    const clients = forgetting(store.clients, clientCache);
    const service = await serve(
      {
        ...parts,
        store: { ...store, clients },
        managementUrl: () => managementUrl(config, management),
      },
      options,
    );
    management = service.addresses.management;
    return service;
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function requireDurability(config: Config, store: Store, log: Logger): Promise<void> {
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

const FIRST_PORTAL_RETRY_MS = 1000;
const USAGE_FLUSH_MS = 5000;
const READERS_FLUSH_MS = 2000;
const TLS_REFRESH_MS = 2000;
/** How often it is looked whether a discovery document is due: one that never came is asked for again. */
const UPSTREAM_REFRESH_MS = 60_000;
/** Quiet for this long is idle; what a busy time left in the heap is then given back. */
const IDLE_MS = 5000;

const UNREAD =
  "a provider's discovery document could not be read or taken; the last good one, if any, is in use";

async function serve(
  parts: Parts,
  { portalCreated, ops }: Pick<ServiceOptions, 'portalCreated' | 'ops'>,
): Promise<Service> {
  const { config, log, metrics, store, ring, upstreams } = parts;
  const health = createHealth({
    store,
    ring: () => ({ version: ring.version, source: ring.source }),
    providers: upstreams.health,
  });
  const usage = createSecretUsageRecorder(store.secretUsage, (error) =>
    log.warn({ err: error }, 'the uses of secrets could not be written; they are counted on'),
  );
  const readers = createReaderRecorder(
    store.readers,
    new Set(Object.values(config.resources).flatMap((resource) => resource.readers)),
    (error) => log.warn({ err: error }, 'who fetched the JWKS could not be written; it is kept for later'),
  );
  const knowsHost = knownHosts(config);
  const certificates = clientCertificates(config);
  const app = (listener: ListenerName, register: RegisterRoutes) =>
    createApp(
      {
        listener,
        log,
        metrics,
        newRequestId: randomUUID,
        isDraining: health.isDraining,
        // Probes come by a pod's address or none; nothing there takes a credential or makes a URL.
        forwarded:
          listener === 'public'
            ? {
                isTrustedProxy: certificates.isTrustedProxy,
                requireHttps: config.issuer.startsWith('https:'),
              }
            : undefined,
        knowsHost: listener === 'ops' ? undefined : knowsHost,
      },
      register,
    ).callback();
  const revocations = tokenRevocations(parts);
  await revocations.refresh(nowSeconds());
  const upstream = upstreamContext(parts, upstreams.byName);
  const recovery = upstreamRecovery(parts, upstream);
  const groups = bridge(parts, upstream);
  const routesOf = bridgeRoutes(parts, groups);
  const tokens = tokenService(parts, usage, readers, certificates.presentedBy, revocations);
  const publicApp = app('public', (router) => {
    publicRoutes(tokens.routes)(router);
    tokenInspectionRoutes(tokens.inspection)(router);
    routesOf('public')(router);
  });
  let settled = false;
  const settle = async () => {
    if (!settled) settled = await settleFirstPortal(parts, portalCreated);
  };
  await settle();
  const tls = publicTls(config, log);
  const listeners = await listenAll({
    public: {
      handler: fastRoad(
        { ...tokens.fast, knowsHost, isDraining: health.isDraining, log, metrics },
        publicApp,
      ),
      address: config.public_listen,
      tls: tls && { ...tls.identity, ca: certificates.ca },
    },
    management: {
      handler: app('management', (router) => {
        routesOf('management')(router);
        docsRoutes(() => apiDescription(groups, config, parts.managementUrl()))(router);
      }),
      address: config.management_listen,
    },
    ...(ops ? { ops: { handler: app('ops', opsRoutes(health, metrics)), address: config.ops_listen } } : {}),
  });
  const renewTls = (pair: TlsIdentity) => listeners.renewTls('public', { ...pair, ca: certificates.ca });
  const withUpstreams = upstreams.byName.size > 0;
  // Not awaited: a provider that is down delays no start.
  if (withUpstreams) void Promise.all([upstreams.refresh(), recovery.run()]);
  const settleMemory = whenIdle(returnMemory);
  const repetitions = [
    repeat(IDLE_MS, async () => settleMemory(metrics.requests())),
    repeat(config.ring_refresh_ms, async () => void (await ring.refresh())),
    repeat(USAGE_FLUSH_MS, () => usage.flush()),
    repeat(READERS_FLUSH_MS, readers.flush),
    ...(tls ? [repeat(TLS_REFRESH_MS, () => tls.refresh(renewTls))] : []),
    repeat(REVOCATIONS_REFRESH_MS, () => revocations.refresh(nowSeconds())),
    ...(withUpstreams
      ? [repeat(config.upstream_recovery_ms, recovery.run), repeat(UPSTREAM_REFRESH_MS, upstreams.refresh)]
      : []),
    // Only where the store was away at start: the first portal is then still to be looked for.
    ...(settled ? [] : [repeat(FIRST_PORTAL_RETRY_MS, settle)]),
  ];
  return {
    addresses: listeners.addresses,
    health,
    metrics,
    stop: async () => {
      health.drain();
      for (const repetition of repetitions) repetition.stop();
      // A load balancer goes on sending until it has asked for /readyz again.
      await sleep(config.drain_delay_ms);
      // Ops last, so that a probe hears "draining" for as long as there is something to drain.
      await listeners.close(['public', 'management'], config.drain_timeout_ms);
      await Promise.all([usage.flush(Number.MAX_SAFE_INTEGER), readers.flush()]);
      if (withUpstreams) await recovery.end();
      upstreams.close();
      await listeners.close(['ops'], 0);
      await store.close();
    },
  };
}
