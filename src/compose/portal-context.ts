/** What acts on portals need: the store, and the hash that keys are kept by. */
import { randomBytes } from 'node:crypto';
import type { Credentials } from '../keys/credentials.ts';
import type { PortalContext } from '../portals/manage.ts';
import type { Store } from '../stores/store.ts';
import { nowSeconds } from './parts.ts';

export function portalContext(store: Store, { hashApiKey: hash }: Credentials): PortalContext {
  return { store: store.portals, random: randomBytes, hash, now: nowSeconds };
}
