/** Clients in SQLite: each mutation one commit, of everything that it checks and everything that it changes. */
import type { ClientRecord } from '../../clients/client-record.ts';
import type { ClientStore, CreateOutcome, ReplaceOutcome } from '../../clients/client-store.ts';
import { clientMoved } from '../client-moved.ts';
import { facetsAsked, stillAsked } from '../facets.ts';
import { sqliteAnswers } from './answers.ts';
import { sqliteClientPages } from './client-pages.ts';
import { sqliteClientRows } from './client-rows.ts';
import type { Database } from './database.ts';
import { sqliteInitialAccessTokens } from './initial-access-tokens.ts';
import { sqliteSweep } from './sweep.ts';
import { sqliteTombstones } from './tombstones.ts';

export function sqliteClients(database: Database): ClientStore {
  const rows = sqliteClientRows(database);
  const page = sqliteClientPages(database);
  const tombstones = sqliteTombstones(database);
  const answers = sqliteAnswers(database);
  const tokens = sqliteInitialAccessTokens(database);
  const sweep = sqliteSweep(database);

  return {
    read: async (id) => rows.find('clients.read', id),

    async list(query) {
      const { positions, next } = database.read('clients.list', () => page(query));
      const found = positions.map(({ client_id }) => rows.find('clients.list', client_id));
      return { clients: stillAsked(found, facetsAsked(query)), next };
    },

    count: async (portal) => database.read('clients.count', () => rows.count(portal)),

    async create(record, { maxClients, answer, initialAccessToken }) {
      const { client_id, portal } = record;
      return database.commit<CreateOutcome>('clients.create', () => {
        const kept = answer && answers.find(answer.id);
        if (kept !== undefined) return { replayed: kept };
        if (rows.has(client_id) || tombstones.has(client_id)) return 'exists';
        if (rows.count(portal) >= maxClients) return 'quota_exceeded';
        if (initialAccessToken !== undefined && !tokens.takeUse(initialAccessToken, portal)) {
          return 'token_spent';
        }
        rows.insert(record);
        if (answer !== undefined) answers.keep(answer);
        sweep();
        return 'created';
      });
    },

    async replace(record, expectedVersion, answer) {
      return database.commit<ReplaceOutcome>('clients.replace', () => {
        const kept = answer && answers.find(answer.id);
        if (kept !== undefined) return { replayed: kept };
        const stored = rows.find('clients.replace', record.client_id);
        if (stored === undefined) return 'gone';
        if (stored.version !== expectedVersion) return 'conflict';
        refuseMove('clients.replace', stored, record);
        rows.update(stored, record);
        if (answer !== undefined) answers.keep(answer);
        sweep();
        return 'replaced';
      });
    },

    readAnswer: async (id) => database.read('clients.readAnswer', () => answers.find(id)),

    async delete(id, tombstone) {
      return database.commit('clients.delete', () => {
        const stored = rows.find('clients.delete', id);
        if (stored === undefined) return 'gone';
        refuseMove('clients.delete', stored, tombstone);
        rows.remove(stored);
        tombstones.bury(id, tombstone);
        sweep();
        return 'deleted';
      });
    },

    readTombstone: async (id, nowSeconds) =>
      database.read('clients.readTombstone', () => tombstones.find(id, nowSeconds)),
  };
}

type Owned = Pick<ClientRecord, 'portal' | 'provider'>;

function refuseMove(operation: string, stored: ClientRecord, { portal, provider }: Owned): void {
  if (stored.portal !== portal || stored.provider !== provider)
    throw clientMoved(operation, stored.client_id);
}
