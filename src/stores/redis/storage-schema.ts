/**
 * Everything that is kept in Redis: each key, its type, its lifetime, who writes it.
 *
 * | key (after the prefix)        | type   | lifetime             | written by                        | holds |
 * |-------------------------------|--------|----------------------|-----------------------------------|-------|
 * | `client:<client_id>`          | string | until deleted        | createClient, replaceClient, deleteClient | version, `ClientRecord` |
 * | `tombstone:<client_id>`       | string | `TOMBSTONE_SECONDS`  | deleteClient                      | `Tombstone` |
 * | `tombstone-left`              | string | `TOMBSTONE_SECONDS` after the last delete | deleteClient | `1`: a tombstone may still be there |
 * | `portal-clients:<portal>`     | zset   | while not empty      | createClient, deleteClient        | client ids by `created_at`: counted, and listed from a (created_at, client_id) on |
 * | `client-count`                | string | for ever             | createClient, deleteClient        | how many clients are stored |
 * | `portals`                     | hash   | for ever             | createPortal, replacePortal       | name → version, `PortalRecord` |
 * | `portal-keys`                 | hash   | for ever             | createPortal, replacePortal       | key hash → portal name |
 * | `ring`                        | string | for ever             | writeRing                         | version, sealed ring document |
 *
 * "version, X" is the version in decimal, one blank, then X as JSON text (`versioned.ts`): a script compares
 * versions without parsing JSON. No script writes JSON of its own: cjson turns empty arrays into objects.
 *
 * Every key carries the same hash tag, `{dcr}`: one commit is one script over several keys, and Redis
 * Cluster runs such a script only when all of them are in one slot. So the whole store lives on one shard
 * of a cluster; a cluster brings failover here and no more room.
 *
 * Values hold no credential in clear: secrets, API keys and private keys are hashed or sealed before they
 * come here (S-KEY-06).
 */
export const DEFAULT_KEY_PREFIX = '{dcr}:';

export interface StorageKeys {
  readonly client: (clientId: string) => string;
  readonly tombstone: (clientId: string) => string;
  readonly tombstoneLeft: string;
  readonly portalClients: (portal: string) => string;
  readonly clientCount: string;
  readonly portals: string;
  readonly portalKeys: string;
  readonly ring: string;
}

export function storageKeys(prefix: string): StorageKeys {
  if (!/\{[^{}]+\}/.test(prefix)) throw new TypeError('a key prefix must hold a hash tag, like "{dcr}:"');
  return {
    client: (clientId) => `${prefix}client:${clientId}`,
    tombstone: (clientId) => `${prefix}tombstone:${clientId}`,
    tombstoneLeft: `${prefix}tombstone-left`,
    portalClients: (portal) => `${prefix}portal-clients:${portal}`,
    clientCount: `${prefix}client-count`,
    portals: `${prefix}portals`,
    portalKeys: `${prefix}portal-keys`,
    ring: `${prefix}ring`,
  };
}
