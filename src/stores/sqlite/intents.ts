/** Intents in SQLite: each mutation one commit. */
import { INTENT_STATES } from '../../registration/intent.ts';
import { type BeginOutcome, type IntentStore, NO_ROOM } from '../../registration/intent-store.ts';
import { sqliteAnswers } from './answers.ts';
import { sqliteClientIndex } from './client-index.ts';
import type { Database } from './database.ts';
import { createsOf, parseIntent, sqliteIntentRows } from './intent-rows.ts';

type Rows = readonly { readonly op_id: string; readonly record: string }[];

export function sqliteIntents(database: Database): IntentStore {
  const rows = sqliteIntentRows(database);
  const answers = sqliteAnswers(database);
  const clients = sqliteClientIndex(database);
  const page = database.prepare(`
    SELECT op_id, record FROM intents WHERE state = ? AND (started_at, op_id) > (?, ?)
    ORDER BY started_at, op_id LIMIT ?`);
  const due = database.prepare(`
    SELECT op_id, record FROM intents WHERE next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?`);
  const oldest = database.prepare(
    'SELECT started_at FROM intents WHERE state = ? ORDER BY started_at LIMIT 1',
  );

  return {
    begin: (intent, room = NO_ROOM) =>
      database.commit<BeginOutcome>('intents.begin', () => {
        const { answer_id, client_id, portal, kind } = intent;
        if (answer_id !== undefined) {
          const kept = answers.find(answer_id);
          if (kept !== undefined) return { replayed: kept };
          const same = rows.findOfAnswer('intents.begin', answer_id);
          if (same !== undefined) return { same_key: same };
        }
        const busy = client_id && rows.findOfClient('intents.begin', client_id);
        if (busy !== undefined) return { busy };
        if (kind === 'create' && clients.count(portal) + rows.count(createsOf(portal)) >= room.maxClients) {
          return 'quota_exceeded';
        }
        if (kind === 'create' && clients.countAll() >= room.maxClientsInAll) return 'store_full';
        rows.insert(intent);
        return 'begun';
      }),

    read: async (opId) => rows.find('intents.read', opId),
    readOfClient: async (id) => rows.findOfClient('intents.readOfClient', id),

    advance: (intent) =>
      database.commit('intents.advance', () => {
        const stored = rows.find('intents.advance', intent.op_id);
        if (stored === undefined) return 'gone';
        if (stored.version !== intent.version - 1) return 'conflict';
        rows.remove('intents.advance', intent.op_id);
        rows.insert(intent);
        return 'advanced';
      }),

    finish: ({ op_id, version }) =>
      database.commit('intents.finish', () => {
        const stored = rows.find('intents.finish', op_id);
        if (stored === undefined) return 'gone';
        if (stored.version !== version) return 'conflict';
        rows.remove('intents.finish', op_id);
        return 'finished';
      }),

    async list(state, after, limit) {
      const from = [after?.started_at ?? -1, after?.op_id ?? ''] as const;
      const found = database.read('intents.list', () =>
        page.all(state, ...from, limit + 1),
      ) as unknown as Rows;
      const intents = found.slice(0, limit).map((row) => parseIntent('intents.list', row));
      return { intents, next: found.length > limit ? intents.at(-1) : undefined };
    },

    async due(nowSeconds, limit) {
      const found = database.read('intents.due', () => due.all(nowSeconds, limit)) as unknown as Rows;
      return found.map((row) => parseIntent('intents.due', row));
    },

    counts: async () =>
      database.read('intents.counts', () =>
        INTENT_STATES.map((state) => {
          const first = oldest.get(state) as { started_at: number } | undefined;
          return { state, intents: rows.count(state), oldest_started_at: first?.started_at };
        }),
      ),
  };
}
