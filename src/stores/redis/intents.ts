/** Intents in Redis: each mutation one script. */
import { INTENT_STATES } from '../../registration/intent.ts';
import { type BeginOutcome, type IntentStore, NO_ROOM } from '../../registration/intent-store.ts';
import type { Commit } from './commit.ts';
import {
  advanceIntent,
  beginIntent,
  countIntents,
  dueIntents,
  findIntentOfClient,
  finishIntent,
  listIntents,
} from './intent-scripts.ts';
import type { Reads } from './reads.ts';
import type { StorageKeys } from './storage-schema.ts';
import { unpackAnswer } from './stored-answer.ts';
import { intentKeys, packIntent, packIntentPosition, unpackIntent } from './stored-intent.ts';

export function redisIntents(commit: Commit, reads: Reads, keys: StorageKeys): IntentStore {
  const five = intentKeys(keys);
  const unpackAll = (operation: string, stored: unknown) =>
    (stored as readonly string[]).map((text) => unpackIntent(operation, text));

  return {
    async begin(intent, room = NO_ROOM) {
      const { op_id, portal, answer_id = '' } = intent;
      const counted = keys.portalClientCount(portal);
      const { outcome, values } = await commit(
        'intents.begin',
        beginIntent,
        [...five, counted, keys.clientCount, keys.answer(answer_id), keys.answerSecret(answer_id)],
        [op_id, packIntent(intent), room.maxClients, room.maxClientsInAll],
      );
      const replayed = outcome === 'replayed' ? unpackAnswer('intents.begin', values) : undefined;
      if (replayed !== undefined) return { replayed };
      const [open] = values;
      if (typeof open !== 'string') return outcome as BeginOutcome;
      const other = unpackIntent('intents.begin', open);
      return outcome === 'same_key' ? { same_key: other } : { busy: other };
    },

    async read(opId) {
      const stored = await reads.field('intents.read', keys.intents, opId);
      return stored === null ? undefined : unpackIntent('intents.read', stored);
    },

    async readOfClient(id) {
      const stored = await reads.script('intents.readOfClient', findIntentOfClient, five, [id]);
      return typeof stored === 'string' ? unpackIntent('intents.readOfClient', stored) : undefined;
    },

    async advance(intent) {
      const { op_id, version } = intent;
      const args = [op_id, packIntent(intent), version - 1];
      const { outcome } = await commit('intents.advance', advanceIntent, five, args);
      return outcome as 'advanced' | 'conflict' | 'gone';
    },

    async finish({ op_id, version }) {
      const { outcome } = await commit('intents.finish', finishIntent, five, [op_id, version]);
      return outcome as 'finished' | 'conflict' | 'gone';
    },

    async list(state, after, limit) {
      const from = after === undefined ? '' : packIntentPosition(after);
      const stored = await reads.script('intents.list', listIntents, five, [state, from, limit + 1]);
      const found = unpackAll('intents.list', stored);
      const intents = found.slice(0, limit);
      return { intents, next: found.length > limit ? intents.at(-1) : undefined };
    },

    async due(nowSeconds, limit) {
      return unpackAll(
        'intents.due',
        await reads.script('intents.due', dueIntents, five, [nowSeconds, limit]),
      );
    },

    async counts() {
      const counted = await reads.script('intents.counts', countIntents, five, INTENT_STATES);
      return (counted as readonly (readonly [number, string])[]).map(([intents, oldest], index) => ({
        state: INTENT_STATES[index] ?? 'started',
        intents,
        oldest_started_at: oldest === '' ? undefined : Number(oldest),
      }));
    },
  };
}
