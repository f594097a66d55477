/** Clients in Redis: each mutation one script. Reads go over a connection of their own. */
import type { ClientRecord } from '../../clients/client-record.ts';
import { type ClientStore, TOMBSTONE_SECONDS, type Tombstone } from '../../clients/client-store.ts';
import { parseRecord } from '../parse-record.ts';
import type { Commit } from './commit.ts';
import { createClient, deleteClient, replaceClient } from './commit-scripts.ts';
import type { Reads } from './reads.ts';
import type { StorageKeys } from './storage-schema.ts';
import { packVersioned, unpackVersioned } from './versioned.ts';

export function redisClients(commit: Commit, reads: Reads, keys: StorageKeys): ClientStore {
  return {
    async read(id) {
      const stored = await reads.text('clients.read', keys.client(id));
      if (stored === null) return undefined;
      const label = `client ${id}`;
      const { version, text } = unpackVersioned('clients.read', label, stored);
      return parseRecord<ClientRecord>(
        'clients.read',
        label,
        text,
        (record) => record.client_id === id && record.version === version,
      );
    },

    async create(record) {
      const { client_id, portal, version, created_at } = record;
      const outcome = await commit(
        'clients.create',
        createClient,
        [keys.client(client_id), keys.tombstone(client_id), keys.portalClients(portal), keys.clientCount],
        [packVersioned(version, JSON.stringify(record)), created_at, client_id],
      );
      return outcome as 'created' | 'exists';
    },

    async replace(record, expectedVersion) {
      const outcome = await commit(
        'clients.replace',
        replaceClient,
        [keys.client(record.client_id)],
        [packVersioned(record.version, JSON.stringify(record)), expectedVersion],
      );
      return outcome as 'replaced' | 'conflict' | 'gone';
    },

    async delete(id, tombstone) {
      const outcome = await commit(
        'clients.delete',
        deleteClient,
        [
          keys.client(id),
          keys.tombstone(id),
          keys.portalClients(tombstone.portal),
          keys.clientCount,
          keys.tombstoneLeft,
        ],
        [id, JSON.stringify(tombstone), TOMBSTONE_SECONDS],
      );
      return outcome as 'deleted' | 'gone';
    },

    async readTombstone(id, nowSeconds) {
      const stored = await reads.text('clients.readTombstone', keys.tombstone(id));
      if (stored === null) return undefined;
      const tombstone = parseRecord<Tombstone>(
        'clients.readTombstone',
        `tombstone of ${id}`,
        stored,
        ({ deleted_at }) => typeof deleted_at === 'number',
      );
      // Redis's clock ends it, and it may differ from the caller's.
      return tombstone.deleted_at < nowSeconds - TOMBSTONE_SECONDS ? undefined : tombstone;
    },
  };
}
