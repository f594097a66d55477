/**
 * The groups of routes for who only wants to read the tables: made exactly like those that are served, over
 * a store that is never opened. A description must not need, let alone create, a store or a key.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { createCredentials } from '../keys/credentials.ts';
import { bridge, type Group } from './bridge.ts';
import type { Parts } from './parts.ts';
import { upstreamContext } from './upstream-context.ts';

export function describedGroups(config: Config): readonly Group[] {
  const parts: Parts = {
    config,
    credentials: createCredentials(randomBytes(32), randomBytes),
    resources: new Map(),
    store: unopened(),
    clientCache: unopened(),
    portals: unopened(),
    managementUrl: unopened(),
    ring: unopened(),
    clock: unopened(),
    metrics: unopened(),
    log: unopened(),
    upstreams: unopened(),
    clientKeys: unopened(),
  };
  return bridge(parts, upstreamContext(parts, new Map()));
}

/** May be looked into as deep as a table does while it is made; whoever asks it for anything is told. */
function unopened<T extends object>(): T {
  const nothing: unknown = new Proxy(() => {}, {
    get: () => nothing,
    apply: () => {
      throw new Error('the routes were only described: there is nothing behind them');
    },
  });
  return nothing as T;
}
