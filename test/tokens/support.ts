/** What the tests of tokens share: a client, resources and the ceiling of its portal, as values. */
import assert from 'node:assert/strict';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { clientMetadata } from '../../src/clients/metadata.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import type { ClientKeys } from '../../src/tokens/client-keys.ts';
import type { Ceiling, ResourceCatalogue } from '../../src/tokens/grant-policy.ts';
import { resourcesByIdentifier } from '../../src/tokens/resource.ts';
import type { StatusListPlaces } from '../../src/tokens/status-list-places.ts';
import { type TokenError, TokenRefusal } from '../../src/tokens/token-refusal.ts';

export const NOW = 1_800_000_000;
export const API = 'https://api.example.com';
export const ADMIN = 'https://admin.example.com';

export const RESOURCES = {
  [API]: {
    scopes: ['read', 'write'],
    token_lifetime_seconds: 600,
    signing_alg: 'RS256' as const,
    claims: {},
  },
  [ADMIN]: {
    scopes: ['read', 'admin'],
    token_lifetime_seconds: 120,
    signing_alg: 'ES256' as const,
    claims: {},
    audience: 'admin-api',
  },
};

export const CATALOGUE: ResourceCatalogue = {
  resources: resourcesByIdentifier(RESOURCES),
  default_resource: API,
};

export const CEILING: Ceiling = {
  claims: {},
  grant_types: ['client_credentials'],
  resources: [API, ADMIN],
  scopes: ['read', 'write', 'admin'],
};

/** Where no resource has a status list. */
export const NO_STATUS_LISTS: StatusListPlaces = { next: () => assert.fail('no resource has a status list') };

/** Where no key is fetched. */
export const REGISTERED_KEYS: ClientKeys = {
  keysOf: async ({ metadata }, pick) => pick(metadata.jwks?.keys ?? []),
};

export function aClient(
  metadata: Record<string, unknown> = {},
  changes: Partial<ClientRecord> = {},
): ClientRecord {
  return {
    client_id: 'cl_0000000000000000000001' as ClientRecord['client_id'],
    portal: 'acme' as PortalName,
    provider: 'local',
    version: 1,
    state: 'active',
    created_at: NOW,
    updated_at: NOW,
    metadata: clientMetadata.parse({ scope: 'read write', ...metadata }),
    granted_resources: [API],
    secrets: [],
    ...changes,
  };
}

/** Asserts that it is refused with that OAuth error; the refusal. */
export function tokenRefusal(error: TokenError, run: () => unknown): TokenRefusal {
  try {
    run();
  } catch (thrown) {
    assert.ok(thrown instanceof TokenRefusal, String(thrown));
    assert.equal(thrown.error, error);
    // RFC 6749 section 5.2: the characters that error_description may have.
    assert.match(thrown.message, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    return thrown;
  }
  assert.fail(`not refused: ${error}`);
}
