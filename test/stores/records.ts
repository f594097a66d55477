/** Records as the domain would store them, with ids that no other test has. */
import { randomBytes } from 'node:crypto';
import { newClientId } from '../../src/clients/client-id.ts';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { clientMetadata } from '../../src/clients/metadata.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import type { PortalRecord } from '../../src/portals/portal-record.ts';

/** Epoch seconds. */
export const NOW = 1_790_000_000;

export function aClient(changes: Partial<ClientRecord> = {}): ClientRecord {
  return {
    client_id: newClientId(randomBytes),
    portal: 'dev' as PortalName,
    provider: 'local',
    version: 1,
    state: 'active',
    created_at: NOW,
    updated_at: NOW,
    // Empty arrays and objects, and text beyond ASCII: what a careless store changes on the way.
    metadata: clientMetadata.parse({
      client_name: 'Zoë 🦉',
      extension: { list: [], nothing: null, deep: {} },
    }),
    granted_resources: [],
    secrets: [
      { secret_id: 'sec_1', hash: randomBytes(32).toString('base64url'), created_at: NOW, expires_at: 0 },
    ],
    ...changes,
  };
}

export function next(record: ClientRecord, changes: Partial<ClientRecord> = {}): ClientRecord {
  return { ...record, version: record.version + 1, updated_at: record.updated_at + 1, ...changes };
}

export function aTombstone(record: ClientRecord, deleted_at = NOW) {
  return { portal: record.portal, provider: record.provider, deleted_at };
}

export function aKeyHash(): string {
  return randomBytes(32).toString('base64url');
}

export function aPortal(name: string, hashes: readonly string[] = [aKeyHash()]): PortalRecord {
  return {
    name: name as PortalName,
    state: 'active',
    version: 1,
    created_at: NOW,
    keys: hashes.map((hash, index) => ({ key_id: `key_${index}`, hash, created_at: NOW, expires_at: 0 })),
  };
}
