/** A configured domain with something of everything, and portals that differ in what they may do. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { keyedHash } from '../../src/keys/derive.ts';
import { parseKeyEncryptionKey } from '../../src/keys/key-encryption-key.ts';
import { addPortal, type PortalContext } from '../../src/portals/manage.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import type { TestService } from './service.ts';

export const API = 'https://api.example.com';
export const ES256_API = 'https://es256.example.com';
export const PS256_API = 'urn:example:ps256';
export const EDDSA_API = 'urn:example:eddsa';
/** Configured, and in no portal's policy. */
export const HIDDEN_API = 'https://hidden.example.com';

const EVERYTHING = [API, ES256_API, PS256_API, EDDSA_API];

export const DOMAIN = {
  resources: {
    [API]: {
      scopes: ['read', 'write'],
      token_lifetime_seconds: 600,
      signing_alg: 'RS256',
      claims: {
        application_id: '{labels.application_id}',
        plan: '{extension.plan}',
        tier: 'gold',
        beta: true,
      },
    },
    [ES256_API]: {
      scopes: ['read', 'es:write'],
      token_lifetime_seconds: 120,
      signing_alg: 'ES256',
      audience: 'es',
    },
    [PS256_API]: { scopes: ['read'], signing_alg: 'PS256' },
    [EDDSA_API]: { scopes: ['read'], signing_alg: 'EdDSA' },
    [HIDDEN_API]: { scopes: ['hidden'] },
  },
  default_resource: API,
  providers: { local: { type: 'local' } },
  portals: {
    '*': { providers: ['local'], resources: [API], scopes: ['read', 'write'] },
    wide: { resources: EVERYTHING, scopes: ['read', 'write', 'es:write'] },
    /** May use no provider. */
    barred: { providers: [] },
    overlapping: { secret_overlap_seconds: 3600 },
    defaulting: { default_scopes: ['read'] },
  },
} as const;

/** Adds portals behind the service's back, as the command line does; their keys by name. */
export async function addPortals<Name extends string>(
  { directory }: Pick<TestService, 'directory'>,
  keyEncryptionKey: string,
  ...names: readonly Name[]
): Promise<Record<Name, string>> {
  return asOperator({ directory }, keyEncryptionKey, async (portals) => {
    const keys = names.map(
      async (name) => [name, await addPortal(portals, name as string as PortalName)] as const,
    );
    return Object.fromEntries(await Promise.all(keys)) as Record<Name, string>;
  });
}

/** Opens the service's SQLite store beside it. */
export async function asOperator<T>(
  { directory }: Pick<TestService, 'directory'>,
  keyEncryptionKey: string,
  run: (portals: PortalContext) => Promise<T>,
): Promise<T> {
  const store = await openSqliteStore({ file: join(directory, 'store.db') });
  try {
    const hash = keyedHash(parseKeyEncryptionKey(keyEncryptionKey), 'api-key-pepper');
    return await run({
      store: store.portals,
      random: randomBytes,
      hash,
      now: () => Math.floor(Date.now() / 1000),
    });
  } finally {
    await store.close();
  }
}
