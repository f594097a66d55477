/** Opens, over a store that is open, what every part of the composition is handed. Nothing runs by itself yet. */
import { randomBytes } from 'node:crypto';
import { createClientCache, forgetting } from '../clients/client-cache.ts';
import type { Config } from '../config/schema.ts';
import { createCredentials } from '../keys/credentials.ts';
import { openKeyRing } from '../keys/open-ring.ts';
import type { Store } from '../stores/store.ts';
import { createClockWatch } from '../telemetry/clock-watch.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { resourcesByIdentifier } from '../tokens/resource.ts';
import { clientCounts } from './client-counts.ts';
import { openClientKeys } from './client-keys.ts';
import { intentCounts } from './intent-counts.ts';
import type { Parts } from './parts.ts';
import { portalContext } from './portal-context.ts';
import { ringContext, ringUpkeep } from './ring-context.ts';
import { openUpstreams } from './upstreams.ts';

const UNFETCHED = 'the keys of a client could not be fetched from its jwks_uri';
const UNREAD =
  "a provider's discovery document could not be read or taken; the last good one, if any, is in use";

/** Throws `RingError`, and what `openUpstreams` and `openClientKeys` throw. */
export async function openParts(
  config: Config,
  log: Logger,
  store: Store,
  managementUrl: Parts['managementUrl'],
): Promise<Parts> {
  const clientCache = createClientCache({
    read: store.clients.read,
    changes: store.clientChanges,
    maxBytes: config.client_cache_bytes,
    maxStaleMs: config.max_stale_seconds * 1000,
    nowMs: () => performance.now(),
  });
  const ring = await openKeyRing({
    ...(await ringContext(config, store, log)),
    upkeep: ringUpkeep(config, store),
  });
  const upstreams = await openUpstreams(config, (provider, call) => {
    metrics.upstreamCalled(provider, call);
    if (call.operation === 'discover' && call.outcome !== 'done') log.warn({ provider, ...call }, UNREAD);
  });
  const clientKeys = await openClientKeys(config, (fetch) => {
    metrics.clientKeysFetched(fetch.code === 'OK' ? 'ok' : 'failed');
    if (fetch.code !== 'OK') log.warn({ ...fetch }, UNFETCHED);
  });
  const clock = createClockWatch(
    { epochMs: Date.now, elapsedMs: () => performance.now(), storeTime: store.time },
    log,
  );
  const metrics = createMetrics({
    clock: clock.state,
    ringVersion: () => ring.version,
    ringTroubles: () => ring.troubles(),
    ringUnconfirmedSeconds: () => ring.unconfirmedSeconds(),
    countClients: clientCounts(config, store),
    countIntents: intentCounts(store),
    clientCache: clientCache.state,
    circuits: upstreams.circuits,
    logLinesLost: log.linesLost,
  });
  const credentials = createCredentials(ring.root, randomBytes);
  await clientCache.followed;
  return {
    config,
    log,
    clock,
    metrics,
    store: { ...store, clients: forgetting(store.clients, clientCache) },
    clientCache,
    ring,
    credentials,
    portals: portalContext(store, credentials),
    managementUrl,
    resources: resourcesByIdentifier(config.resources),
    upstreams,
    clientKeys,
  };
}
