/**
 * The composition root: the only file that knows every concrete thing. It opens the store and the key
 * ring, wires the rooms together and listens. What it can't open it refuses to start without, except a
 * store that does not answer: then JWKS and metadata are served from the ring's replica on disk.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { matchesSecret } from './clients/secret.ts';
import { isDevelopmentIssuer } from './config/issuer.ts';
import { policyOf } from './config/policy.ts';
import type { Config } from './config/schema.ts';
import { api7Endpoints } from './dialects/api7/endpoints.ts';
import { createApp, type RegisterRoutes } from './http/apps.ts';
import { bindEndpoints } from './http/bind-endpoints.ts';
import { type Address, type ListenerName, listenAll } from './http/listener.ts';
import { opsRoutes } from './http/ops-routes.ts';
import { type PublicRoutesOptions, publicRoutes } from './http/public-routes.ts';
import { tokenEndpoint } from './http/token-endpoint.ts';
import { type KeyEncryptionKey, keyedHash } from './keys/derive.ts';
import { developmentKeyEncryptionKey } from './keys/development-kek.ts';
import { parseKeyEncryptionKey } from './keys/key-encryption-key.ts';
import type { KeyRing } from './keys/key-ring.ts';
import { openKeyRing } from './keys/open-ring.ts';
import { createReplica } from './keys/replica.ts';
import type { RingLog } from './keys/ring-log.ts';
import { FIRST_ALGS } from './keys/signing-alg.ts';
import { repeat } from './lib/repeat.ts';
import { createEngine } from './oidc/engine.ts';
import { authenticatePortal } from './portals/authenticate.ts';
import { type BootstrappedPortal, bootstrapPortal } from './portals/bootstrap.ts';
import type { PortalContext } from './portals/manage.ts';
import type { RegistrationContext } from './registration/context.ts';
import { openStore } from './stores/open-store.ts';
import type { Store } from './stores/store.ts';
import { createHealth } from './telemetry/health.ts';
import type { Logger } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { type IssuerContext, issueAccessToken } from './tokens/issue.ts';
import { type Resource, resourcesByIdentifier } from './tokens/resource.ts';
import { serverMetadata } from './tokens/server-metadata.ts';
import type { ShortRoadContext } from './tokens/short-road.ts';

export interface Service {
  /** Where the three listeners really are; a port that was 0 is the one the system chose. */
  readonly addresses: { readonly public: Address; readonly management: Address; readonly ops: Address };
  /**
   * Not ready; after `drain_delay_ms` stop accepting, let requests finish for at most `drain_timeout_ms`,
   * close.
   */
  stop(): Promise<void>;
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

export interface ServiceOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Hears of the portal that a first start makes: the only sight of its key. */
  readonly portalCreated: (portal: BootstrappedPortal) => void;
}

/** Throws what kept it from starting: `RingError`, a store that can't be opened, an address in use. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { config, log } = options;
  const store = await openStore(config.store_url, log);
  try {
    await requireDurability(config, store, log);
    const kek = await keyEncryptionKey(config);
    const resources = resourcesByIdentifier(config.resources);
    const ring = await openRing(config, store, kek, log);
    return await serve({ ...options, store, ring, kek, resources });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * What the command line needs of the store's portals; the caller closes the store. It opens the key ring
 * too: an API key hashed under another key-encryption key than the ring's would open nothing, and a store
 * with a portal and no ring is one that lost it. Throws like `startService`.
 */
export async function openPortals(
  config: Config,
  log: RingLog,
): Promise<{ store: Store; portals: PortalContext }> {
  const store = await openStore(config.store_url);
  try {
    const kek = await keyEncryptionKey(config);
    await openRing(config, store, kek, log);
    return { store, portals: portalContext(store, kek) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function openRing(config: Config, store: Store, kek: KeyEncryptionKey, log: RingLog): Promise<KeyRing> {
  const configured = Object.values(config.resources).map(({ signing_alg }) => signing_alg);
  return openKeyRing({
    store: store.rings,
    replica: createReplica(config.keys_dir, randomBytes),
    kek,
    algs: [...new Set([...FIRST_ALGS, ...configured])],
    now: nowSeconds,
    random: randomBytes,
    log,
  });
}

function keyEncryptionKey({ key_encryption_key, keys_dir }: Config): Promise<KeyEncryptionKey> {
  // Without one outside development the configuration was refused.
  return key_encryption_key === undefined
    ? developmentKeyEncryptionKey(keys_dir, randomBytes)
    : Promise.resolve(parseKeyEncryptionKey(key_encryption_key));
}

function portalContext(store: Store, kek: KeyEncryptionKey): PortalContext {
  const hash = keyedHash(kek, 'api-key-pepper');
  return { store: store.portals, random: randomBytes, hash, now: nowSeconds };
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

interface Parts extends ServiceOptions {
  readonly store: Store;
  readonly ring: KeyRing;
  readonly kek: KeyEncryptionKey;
  readonly resources: ReadonlyMap<string, Resource>;
}

async function serve(parts: Parts): Promise<Service> {
  const { config, log, store, ring } = parts;
  const metrics = createMetrics({ ringVersion: () => ring.version });
  const health = createHealth({ store, ring: () => ({ version: ring.version, source: ring.source }) });
  const portals = portalContext(store, parts.kek);
  const app = (listener: ListenerName, register: RegisterRoutes) =>
    createApp(
      { listener, log, metrics, newRequestId: randomUUID, isDraining: health.isDraining },
      register,
    ).callback();
  const catchUp = catchUpWithStore(parts, portals);
  await catchUp();
  const listeners = await listenAll({
    public: {
      handler: app('public', publicRoutes(publicOptions(parts, metrics))),
      address: config.public_listen,
    },
    management: {
      handler: app('management', bridgeRoutes(parts, portals)),
      address: config.management_listen,
    },
    ops: { handler: app('ops', opsRoutes(health, metrics)), address: config.ops_listen },
  });
  const repetition = repeat(config.ring_refresh_ms, async () => {
    await catchUp();
    await ring.refresh();
  });
  return {
    addresses: listeners.addresses,
    stop: async () => {
      health.drain();
      repetition.stop();
      // A load balancer goes on sending until it has asked for /readyz again.
      await sleep(config.drain_delay_ms);
      // Ops last, so that a probe hears "draining" for as long as there is something to drain.
      await listeners.close(['public', 'management'], config.drain_timeout_ms);
      await listeners.close(['ops'], 0);
      await store.close();
    },
  };
}

/** What a node that started without its store still owes it; asked again until it is done. Never rejects. */
function catchUpWithStore(
  { config, log, portalCreated }: Parts,
  portals: PortalContext,
): () => Promise<void> {
  let owed = true;
  return async () => {
    if (!owed) return;
    try {
      const bootstrap = {
        configured: config.bootstrap_portal,
        development: isDevelopmentIssuer(config.issuer),
      };
      const created = await bootstrapPortal(portals, bootstrap);
      owed = false;
      if (created === undefined) return;
      log.info({ portal: created.name }, 'the first portal was created');
      portalCreated(created);
    } catch (error) {
      log.warn({ err: error }, 'the first portal could not be looked for; trying again');
    }
  };
}

function publicOptions(
  { config, store, ring, kek, resources }: Parts,
  metrics: Metrics,
): PublicRoutesOptions {
  const hashSecret = keyedHash(kek, 'client-secret-pepper');
  const issuing: IssuerContext = {
    issuer: config.issuer,
    catalogue: { resources, default_resource: config.default_resource },
    ceilingOf: (portal) => policyOf(config, portal),
    activeKey: (alg, now) => ring.activeKey(alg, now),
    newTokenId: () => randomBytes(16).toString('base64url'),
  };
  const road: ShortRoadContext = {
    clients: store.clients,
    matchesSecret: (client, secret) => matchesSecret(client?.secrets ?? [], secret, hashSecret, nowSeconds()),
    issue: (client, request) => issueAccessToken(issuing, client, request, nowSeconds()),
  };
  const served = [...resources.values()];
  return {
    metadata: serverMetadata({
      issuer: config.issuer,
      scopes: [...new Set(served.flatMap(({ scopes }) => scopes))],
      signingAlgs: [...new Set(served.map(({ signing_alg }) => signing_alg))],
    }),
    jwks: () => ring.jwks(),
    pem: (kid) => ring.pem(kid),
    token: tokenEndpoint(road, createEngine({ ...road, issuer: config.issuer })),
    tokenBodyLimitBytes: config.body_limit_bytes,
    metrics,
  };
}

function bridgeRoutes({ config, store, kek }: Parts, portals: PortalContext): RegisterRoutes {
  const registration: RegistrationContext = {
    clients: store.clients,
    random: randomBytes,
    hashSecret: keyedHash(kek, 'client-secret-pepper'),
    policyOf: (portal) => policyOf(config, portal),
    providers: new Map(Object.entries(config.providers).map(([name, { type }]) => [name, type])),
  };
  const endpoints = api7Endpoints(registration, config.issuer);
  return bindEndpoints(endpoints, {
    authenticate: (key) => authenticatePortal(portals.store, portals.hash, key, nowSeconds()),
    bodyLimits: { bytes: config.body_limit_bytes, timeoutMs: config.request_deadline_ms },
    now: nowSeconds,
  });
}
