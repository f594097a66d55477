/** Clients in Redis: each mutation one script. Reads go over a connection of their own. */
import {
  type ClientStore,
  type CreateOutcome,
  type DeleteConditions,
  type DeleteOutcome,
  type ReplaceOutcome,
  TOMBSTONE_SECONDS,
} from '../../clients/client-store.ts';
import { clientMoved } from '../client-moved.ts';
import { facetsAsked, stillAsked } from '../facets.ts';
import { findPage } from './client-pages.ts';
import { createClient, deleteClient, replaceClient } from './client-scripts.ts';
import type { Commit, Committed } from './commit.ts';
import type { RefuseEmptied } from './epoch.ts';
import type { Reads } from './reads.ts';
import type { StorageKeys } from './storage-schema.ts';
import { answerArguments, answerKeys, unpackAnswer } from './stored-answer.ts';
import { packClient, unpackClient } from './stored-client.ts';
import { finishArguments, intentKeys, packIntent } from './stored-intent.ts';
import { unpackTombstone } from './stored-tombstone.ts';

export function redisClients(
  commit: Commit,
  reads: Reads,
  keys: StorageKeys,
  refuseEmptied: RefuseEmptied,
): ClientStore {
  return {
    async read(id) {
      const [stored = null, epoch = null] = await reads.texts('clients.read', [
        keys.client(id),
        keys.storeEpoch,
      ]);
      if (stored !== null) return unpackClient('clients.read', id, stored);
      refuseEmptied('clients.read', epoch);
      return undefined;
    },

    async list(query) {
      const { positions, next } = await findPage(reads, keys, query);
      const ids = positions.map(({ client_id }) => client_id);
      const stored = await reads.texts('clients.list', ids.map(keys.client));
      const found = ids.map((id, index) => {
        const text = stored[index];
        return typeof text === 'string' ? unpackClient('clients.list', id, text) : undefined;
      });
      return { clients: stillAsked(found, facetsAsked(query)), next };
    },

    async count(portal) {
      return Number(await reads.text('clients.count', keys.portalClientCount(portal)));
    },

    async countAll() {
      return Number(await reads.text('clients.countAll', keys.clientCount));
    },

    async create(record, { maxClients, maxClientsInAll, answer, initialAccessToken, finishes, leaves }) {
      const { client_id, portal, provider } = record;
      const committed = await commit(
        'clients.create',
        createClient,
        [
          keys.client(client_id),
          keys.tombstone(client_id),
          keys.clientCount,
          keys.portalClientCount(portal),
          keys.clientIndex(portal, provider),
          keys.initialAccessToken(initialAccessToken ?? ''),
          ...intentKeys(keys),
          ...answerKeys(keys, answer),
        ],
        [
          client_id,
          packClient(record),
          maxClients,
          maxClientsInAll,
          initialAccessToken === undefined ? '' : portal,
          ...answerArguments(answer),
          portal,
          ...finishArguments(finishes),
          leaves === undefined ? '' : packIntent(leaves),
        ],
      );
      return replayedOr<CreateOutcome>('clients.create', committed);
    },

    async replace(record, expectedVersion, { answer, finishes } = {}) {
      const { client_id, portal, provider } = record;
      const committed = await commit(
        'clients.replace',
        replaceClient,
        [
          keys.client(client_id),
          keys.clientIndex(portal, provider),
          keys.secretUses(client_id),
          keys.clientChanges,
          ...intentKeys(keys),
          ...answerKeys(keys, answer),
        ],
        [
          client_id,
          packClient(record),
          expectedVersion,
          ...answerArguments(answer),
          ...finishArguments(finishes),
        ],
      );
      if (committed.outcome === 'elsewhere') throw clientMoved('clients.replace', client_id);
      return replayedOr<ReplaceOutcome>('clients.replace', committed);
    },

    async readAnswer(id) {
      const stored = await reads.texts('clients.readAnswer', [keys.answer(id), keys.answerSecret(id)]);
      return unpackAnswer('clients.readAnswer', stored);
    },

    async delete(id, tombstone, conditions) {
      const { portal, provider } = tombstone;
      const { outcome } = await commit(
        'clients.delete',
        deleteClient,
        [
          keys.client(id),
          keys.tombstone(id),
          keys.clientIndex(portal, provider),
          keys.clientCount,
          keys.portalClientCount(portal),
          keys.tombstoneLeft,
          keys.secretUses(id),
          keys.clientChanges,
          ...intentKeys(keys),
        ],
        [id, JSON.stringify(tombstone), TOMBSTONE_SECONDS, ...beginArguments(conditions)],
      );
      if (outcome === 'elsewhere') throw clientMoved('clients.delete', id);
      return outcome as DeleteOutcome;
    },

    async readTombstone(id, nowSeconds) {
      const stored = await reads.text('clients.readTombstone', keys.tombstone(id));
      return unpackTombstone('clients.readTombstone', id, stored, nowSeconds);
    },
  };
}

function beginArguments(conditions: DeleteConditions | undefined): readonly (string | number)[] {
  if (conditions === undefined) return [];
  const { begins, expectedVersion, supersedes = '' } = conditions;
  return [begins.op_id, packIntent(begins), expectedVersion, supersedes];
}

function replayedOr<Outcome extends CreateOutcome | ReplaceOutcome>(
  operation: string,
  { outcome, values }: Committed,
): Outcome {
  const replayed = outcome === 'replayed' ? unpackAnswer(operation, values) : undefined;
  return (replayed === undefined ? outcome : { replayed }) as Outcome;
}
