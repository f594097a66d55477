/**
 * The composition root: with `compose/`, the only place that knows every concrete thing. It opens the store
 * and the key ring, wires the rooms together and listens. What it can't open it refuses to start without,
 * except a store that does not answer: then JWKS and metadata are served from the ring's replica on disk.
 */
import { openParts } from './compose/open-parts.ts';
import { requireDurability } from './compose/require-durability.ts';
import { type ServeOptions, type Service, serve } from './compose/serve.ts';
import { managementUrl } from './config/management-url.ts';
import type { Config } from './config/schema.ts';
import { openStore } from './stores/open-store.ts';
import type { Logger } from './telemetry/log.ts';

export interface ServiceOptions extends ServeOptions {
  readonly config: Config;
  readonly log: Logger;
}

/** Throws what kept it from starting: `RingError`, a store that can't be opened, an address in use. */
export async function startService({ config, log, ...options }: ServiceOptions): Promise<Service> {
  const store = await openStore(config.store_url, log);
  try {
    await requireDurability(config, store, log);
    // Asked for when a URL is made: only then is it known which port the system chose.
    let management = config.management_listen;
    const parts = await openParts(config, log, store, () => managementUrl(config, management));
    const service = await serve(parts, options);
    management = service.addresses.management;
    return service;
  } catch (error) {
    await store.close();
    throw error;
  }
}
