/** Portals in SQLite: the record and the index of its keys change in one transaction. */
import type { PortalRecord } from '../../portals/portal-record.ts';
import type { PortalStore } from '../../portals/portal-store.ts';
import { keyTaken } from '../key-taken.ts';
import { parseRecord } from '../parse-record.ts';
import type { Database } from './database.ts';
import { sqliteInitialAccessTokens } from './initial-access-tokens.ts';

interface Row {
  readonly name: string;
  readonly record: string;
}

export function sqlitePortals(database: Database): PortalStore {
  const select = database.prepare('SELECT name, record FROM portals WHERE name = ?');
  const selectByKey = database.prepare(`
    SELECT portals.name, portals.record
    FROM portal_keys JOIN portals ON portals.name = portal_keys.portal WHERE portal_keys.hash = ?`);
  const selectAll = database.prepare('SELECT name, record FROM portals ORDER BY name');
  const insert = database.prepare(
    'INSERT INTO portals (name, version, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const update = database.prepare(
    'UPDATE portals SET version = ?, record = ? WHERE name = ? AND version = ?',
  );
  const forgetKeys = database.prepare('DELETE FROM portal_keys WHERE portal = ?');
  const indexKey = database.prepare(
    'INSERT INTO portal_keys (hash, portal) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );

  const tokens = sqliteInitialAccessTokens(database);

  /** Throws, and so rolls the whole commit back, when a key opens another portal. */
  function indexKeys({ name, keys }: PortalRecord): void {
    forgetKeys.run(name);
    for (const hash of new Set(keys.map((key) => key.hash))) {
      if (indexKey.run(hash, name).changes === 0) throw keyTaken(name);
    }
  }

  return {
    async findByKeyHash(hash) {
      const row = database.read('portals.findByKeyHash', () => selectByKey.get(hash)) as Row | undefined;
      return row === undefined ? undefined : parse('portals.findByKeyHash', row);
    },

    async read(name) {
      const row = database.read('portals.read', () => select.get(name)) as Row | undefined;
      return row === undefined ? undefined : parse('portals.read', row);
    },

    async list() {
      const rows = database.read('portals.list', () => selectAll.all()) as unknown as readonly Row[];
      return rows.map((row) => parse('portals.list', row));
    },

    async create(record) {
      const { name, version } = record;
      return database.commit('portals.create', () => {
        if (insert.run(name, version, JSON.stringify(record)).changes === 0) return 'exists';
        indexKeys(record);
        return 'created';
      });
    },

    async replace(record, expectedVersion) {
      const { name, version } = record;
      return database.commit('portals.replace', () => {
        const { changes } = update.run(version, JSON.stringify(record), name, expectedVersion);
        if (changes === 0) return 'conflict';
        indexKeys(record);
        return 'replaced';
      });
    },

    async addInitialAccessToken(token) {
      await database.commit('portals.addInitialAccessToken', () => tokens.add(token));
    },

    readInitialAccessToken: async (hash, nowSeconds) =>
      database.read('portals.readInitialAccessToken', () => tokens.find(hash, nowSeconds)),
  };
}

function parse(operation: string, { name, record }: Row): PortalRecord {
  return parseRecord<PortalRecord>(operation, `portal ${name}`, record, (portal) => portal.name === name);
}
