/** Clients in SQLite: each mutation one commit, of everything that it checks and everything that it changes. */
import type { ClientRecord } from '../../clients/client-record.ts';
import type {
  ClientStore,
  CreateOutcome,
  DeleteOutcome,
  ReplaceOutcome,
} from '../../clients/client-store.ts';
import type { PortalName } from '../../portals/portal-name.ts';
import { clientMoved } from '../client-moved.ts';
import { facetsAsked, stillAsked } from '../facets.ts';
import { sqliteAnswers } from './answers.ts';
import { sqliteClientPages } from './client-pages.ts';
import { sqliteClientRows } from './client-rows.ts';
import type { Database } from './database.ts';
import { sqliteInitialAccessTokens } from './initial-access-tokens.ts';
import { createsOf, sqliteIntentRows } from './intent-rows.ts';
import { sqliteSweep } from './sweep.ts';
import { sqliteTombstones } from './tombstones.ts';

export function sqliteClients(database: Database): ClientStore {
  const rows = sqliteClientRows(database);
  const page = sqliteClientPages(database);
  const tombstones = sqliteTombstones(database);
  const answers = sqliteAnswers(database);
  const tokens = sqliteInitialAccessTokens(database);
  const intents = sqliteIntentRows(database);
  const sweep = sqliteSweep(database);
  const placesTaken = (portal: PortalName) => rows.count(portal) + intents.count(createsOf(portal));

  return {
    read: async (id) => rows.find('clients.read', id),

    async list(query) {
      const { positions, next } = database.read('clients.list', () => page(query));
      const found = positions.map(({ client_id }) => rows.find('clients.list', client_id));
      return { clients: stillAsked(found, facetsAsked(query)), next };
    },

    count: async (portal) => database.read('clients.count', () => rows.count(portal)),
    countAll: async () => database.read('clients.countAll', rows.countAll),

    async create(record, { maxClients, maxClientsInAll, answer, initialAccessToken, finishes, leaves }) {
      const { client_id, portal } = record;
      return database.commit<CreateOutcome>('clients.create', () => {
        const kept = answer && answers.find(answer.id);
        if (kept !== undefined) return { replayed: kept };
        if (finishes !== undefined && !intents.has(finishes)) return 'intent_lost';
        if (rows.has(client_id) || tombstones.has(client_id)) return 'exists';
        if (finishes === undefined) {
          if (placesTaken(portal) >= maxClients) return 'quota_exceeded';
          if (rows.countAll() >= maxClientsInAll) return 'store_full';
        }
        if (initialAccessToken !== undefined && !tokens.takeUse(initialAccessToken, portal)) {
          return 'token_spent';
        }
        if (finishes !== undefined) intents.remove('clients.create', finishes.op_id);
        if (leaves !== undefined) intents.insert(leaves);
        rows.insert(record);
        if (answer !== undefined) answers.keep(answer);
        sweep();
        return 'created';
      });
    },

    async replace(record, expectedVersion, { answer, finishes } = {}) {
      return database.commit<ReplaceOutcome>('clients.replace', () => {
        const kept = answer && answers.find(answer.id);
        if (kept !== undefined) return { replayed: kept };
        if (finishes !== undefined && !intents.has(finishes)) return 'intent_lost';
        const stored = rows.find('clients.replace', record.client_id);
        if (stored === undefined) return 'gone';
        if (stored.version !== expectedVersion) return 'conflict';
        refuseMove('clients.replace', stored, record);
        if (finishes !== undefined) intents.remove('clients.replace', finishes.op_id);
        rows.update(stored, record);
        if (answer !== undefined) answers.keep(answer);
        sweep();
        return 'replaced';
      });
    },

    readAnswer: async (id) => database.read('clients.readAnswer', () => answers.find(id)),

    async delete(id, tombstone, conditions) {
      return database.commit<DeleteOutcome>('clients.delete', () => {
        const stored = rows.find('clients.delete', id);
        if (stored === undefined) return 'gone';
        refuseMove('clients.delete', stored, tombstone);
        if (conditions !== undefined) {
          const { begins, expectedVersion, supersedes } = conditions;
          if (stored.version !== expectedVersion) return 'conflict';
          const open = intents.findOfClient('clients.delete', id);
          if (open !== undefined && open.op_id !== supersedes) return 'busy';
          if (open !== undefined) intents.remove('clients.delete', open.op_id);
          intents.insert(begins);
        }
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
