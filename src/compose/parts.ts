/** What was opened at start and is handed to every part of the composition. */
import type { ClientCache } from '../clients/client-cache.ts';
import type { Config } from '../config/schema.ts';
import type { Credentials } from '../keys/credentials.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { PortalContext } from '../portals/manage.ts';
import type { Store } from '../stores/store.ts';
import type { ClockWatch } from '../telemetry/clock-watch.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Resource } from '../tokens/resource.ts';
import type { OpenedClientKeys } from './client-keys.ts';
import type { Upstreams } from './upstreams.ts';

export interface Parts {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: ClockWatch;
  readonly metrics: Metrics;
  /** Its clients tell the cache what they commit. */
  readonly store: Store;
  readonly clientCache: ClientCache;
  readonly ring: KeyRing;
  readonly credentials: Credentials;
  readonly portals: PortalContext;
  /** The base of the URLs on the management listener. */
  readonly managementUrl: () => string;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly upstreams: Upstreams;
  readonly clientKeys: OpenedClientKeys;
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);
