/**
 * A running service for the abuse cases, with portals that differ in what they may do, and the operator's
 * hand on its store. Calls are not limited here, so that a case meets the refusal it is about.
 */
import { randomBytes } from 'node:crypto';
import { keyedHash } from '../../../src/keys/derive.ts';
import { parseKeyEncryptionKey } from '../../../src/keys/key-encryption-key.ts';
import { addPortal, type PortalContext } from '../../../src/portals/manage.ts';
import type { PortalName } from '../../../src/portals/portal-name.ts';
import { openStore } from '../../../src/stores/open-store.ts';
import type { Store } from '../../../src/stores/store.ts';
import {
  newKeyEncryptionKey,
  type ServiceOptions,
  startService,
  type TestService,
} from '../../support/service.ts';

const API = 'https://api.example.com';
const OTHER_API = 'https://other.example.com';

/** One for all services of a test process: two nodes on one Redis must share it. */
export const KEY_ENCRYPTION_KEY = newKeyEncryptionKey();

export const EVERY_PORTAL = {
  providers: ['local'],
  resources: [API],
  scopes: ['read', 'write'],
  calls_per_minute: 1_000_000,
};

const PORTALS = {
  barred: { providers: [] },
  overlapping: { secret_overlap_seconds: 3600 },
  small: { max_clients: 3 },
};

/** `portals` are laid over those above. */
export function domainWith(portals: Readonly<Record<string, object>> = {}) {
  return {
    resources: {
      [API]: { scopes: ['read', 'write', 'admin'], claims: { plan: '{extension.plan}' } },
      [OTHER_API]: { scopes: ['read'] },
    },
    default_resource: API,
    providers: { local: { type: 'local' } },
    portals: { '*': EVERY_PORTAL, ...PORTALS, ...portals },
  };
}

export interface CaseBridge {
  readonly service: TestService;
  /** Makes a portal on the store, as the command line does; resolves with its key. */
  addPortal(name: string): Promise<string>;
  /** The operator's acts, straight on the store. */
  asOperator<T>(act: (portals: PortalContext, store: Store) => Promise<T>): Promise<T>;
}

export interface CaseOptions extends Pick<ServiceOptions, 'env' | 'directory' | 'publicPort'> {
  readonly portals?: Readonly<Record<string, object>>;
}

export async function startBridge({ portals, env, ...options }: CaseOptions = {}): Promise<CaseBridge> {
  const service = await startService({
    ...options,
    env: { KEY_ENCRYPTION_KEY, ...env },
    config: domainWith(portals),
  });
  const storeUrl = env?.STORE_URL ?? `sqlite:${service.directory}/store.db`;
  const asOperator: CaseBridge['asOperator'] = async (act) => {
    const store = await openStore(storeUrl);
    const hash = keyedHash(parseKeyEncryptionKey(KEY_ENCRYPTION_KEY), 'api-key-pepper');
    const now = () => Math.floor(Date.now() / 1000);
    try {
      return await act({ store: store.portals, random: randomBytes, hash, now }, store);
    } finally {
      await store.close();
    }
  };
  return {
    service,
    asOperator,
    addPortal: async (name) => {
      const key = await asOperator((context) => addPortal(context, name as PortalName));
      if (key === undefined) throw new Error(`there is a portal ${name} already`);
      return key;
    },
  };
}
