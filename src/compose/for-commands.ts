/**
 * What the command line opens of an installation, beside a service that may be running on it: the store, and
 * what it takes to act on portals, upstream clients or the key ring. What could not be opened is closed again.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { createCredentials } from '../keys/credentials.ts';
import { openKeyRing } from '../keys/open-ring.ts';
import type { RingContext } from '../keys/ring-context.ts';
import type { RingLog } from '../keys/ring-log.ts';
import type { PortalContext } from '../portals/manage.ts';
import type { SagaContext } from '../registration/upstream/context.ts';
import { openStore, refuseAbsentStore } from '../stores/open-store.ts';
import type { Store } from '../stores/store.ts';
import { portalContext } from './portal-context.ts';
import { ringContext } from './ring-context.ts';
import { upstreamContext } from './upstream-context.ts';
import { openUpstreams } from './upstreams.ts';

/**
 * What the command line needs of the store's portals; the caller closes the store. It opens the key ring
 * too: an API key hashed under another key-encryption key than the ring's would open nothing, and a store
 * with a portal and no ring is one that lost it. Throws like `startService`.
 */
export async function openPortals(
  config: Config,
  log: RingLog,
  { mayCreate }: { readonly mayCreate: boolean },
): Promise<{ store: Store; portals: PortalContext }> {
  const open = async (store: Store) => {
    const ring = await openKeyRing(await ringContext(config, store, log));
    return { store, portals: portalContext(store, createCredentials(ring.root, randomBytes)) };
  };
  return onOpened(config, open, { mayCreate });
}

/**
 * What the command line needs to act at upstream providers, beside a service that does the same; the caller
 * closes. Throws like `startService`.
 */
export async function openUpstreamActs(
  config: Config,
  log: RingLog & Parameters<typeof upstreamContext>[0]['log'],
): Promise<{ store: Store; saga: SagaContext; close(): Promise<void> }> {
  return onOpened(config, async (store) => {
    const ring = await openKeyRing(await ringContext(config, store, log));
    const credentials = createCredentials(ring.root, randomBytes);
    const upstreams = await openUpstreams(config, () => {});
    const parts = { store, credentials, log, metrics: { upstreamAnswerLost: () => {} } };
    const saga = { clients: store.clients, upstream: upstreamContext(parts, upstreams.byName) };
    const close = async () => {
      upstreams.close();
      await store.close();
    };
    return { store, saga, close };
  });
}

/** What the command line needs to change the key ring; the caller closes the store. */
export async function openKeys(config: Config, log: RingLog): Promise<{ store: Store; ring: RingContext }> {
  return onOpened(config, async (store) => ({ store, ring: await ringContext(config, store, log) }));
}

async function onOpened<T>(
  config: Config,
  open: (store: Store) => Promise<T>,
  { mayCreate } = { mayCreate: false },
): Promise<T> {
  if (!mayCreate) refuseAbsentStore(config.store_url);
  const store = await openStore(config.store_url);
  try {
    return await open(store);
  } catch (error) {
    await store.close();
    throw error;
  }
}
