/** Portals in Redis: the record and the index of its keys change in one script. */
import type { PortalName } from '../../portals/portal-name.ts';
import type { PortalRecord } from '../../portals/portal-record.ts';
import type { PortalStore } from '../../portals/portal-store.ts';
import { keyTaken } from '../key-taken.ts';
import { parseRecord } from '../parse-record.ts';
import type { Commit } from './commit.ts';
import type { RefuseEmptied } from './epoch.ts';
import { addInitialAccessToken, createPortal, replacePortal } from './portal-scripts.ts';
import { findPortal } from './read-scripts.ts';
import type { Reads } from './reads.ts';
import type { StorageKeys } from './storage-schema.ts';
import { packVersioned, unpackVersioned } from './versioned.ts';

export function redisPortals(
  commit: Commit,
  reads: Reads,
  keys: StorageKeys,
  refuseEmptied: RefuseEmptied,
): PortalStore {
  /** Not found, if this is the store that we know. */
  async function missing(operation: string): Promise<undefined> {
    refuseEmptied(operation, await reads.text(operation, keys.storeEpoch));
  }

  return {
    async findByKeyHash(hash) {
      const found = await reads.script(
        'portals.findByKeyHash',
        findPortal,
        [keys.portals, keys.portalKeys],
        [hash],
      );
      if (found === null) return missing('portals.findByKeyHash');
      const [name, stored] = found as [string, string];
      return parse('portals.findByKeyHash', name, stored);
    },

    async read(name) {
      const stored = await reads.field('portals.read', keys.portals, name);
      return stored === null ? missing('portals.read') : parse('portals.read', name, stored);
    },

    async list() {
      const stored = Object.entries(await reads.fields('portals.list', keys.portals));
      return stored
        .map(([name, text]) => parse('portals.list', name, text))
        .sort((one, other) => (one.name < other.name ? -1 : 1));
    },

    async create(record) {
      const { outcome } = await commit(
        'portals.create',
        createPortal,
        [keys.portals, keys.portalKeys],
        [record.name, pack(record), ...hashes(record)],
      );
      if (outcome === 'key_taken') throw keyTaken(record.name);
      return outcome as 'created' | 'exists';
    },

    async replace(record, expectedVersion) {
      const { outcome } = await commit(
        'portals.replace',
        replacePortal,
        [keys.portals, keys.portalKeys],
        [record.name, pack(record), expectedVersion, ...hashes(record)],
      );
      if (outcome === 'key_taken') throw keyTaken(record.name);
      return outcome as 'replaced' | 'conflict';
    },

    async addInitialAccessToken({ hash, portal, uses_left, expires_at }) {
      await commit(
        'portals.addInitialAccessToken',
        addInitialAccessToken,
        [keys.initialAccessToken(hash)],
        [portal, uses_left, expires_at],
      );
    },

    async readInitialAccessToken(hash, nowSeconds) {
      const { portal, uses_left, expires_at } = await reads.fields(
        'portals.readInitialAccessToken',
        keys.initialAccessToken(hash),
      );
      if (portal === undefined) return missing('portals.readInitialAccessToken');
      if (Number(expires_at) <= nowSeconds) return undefined;
      return {
        hash,
        portal: portal as PortalName,
        uses_left: Number(uses_left),
        expires_at: Number(expires_at),
      };
    },
  };
}

function pack(record: PortalRecord): string {
  return packVersioned(record.version, JSON.stringify(record));
}

function hashes({ keys }: PortalRecord): readonly string[] {
  return keys.map((key) => key.hash);
}

function parse(operation: string, name: string, stored: string): PortalRecord {
  const label = `portal ${name}`;
  const { version, text } = unpackVersioned(operation, label, stored);
  return parseRecord<PortalRecord>(
    operation,
    label,
    text,
    (portal) => portal.name === name && portal.version === version,
  );
}
