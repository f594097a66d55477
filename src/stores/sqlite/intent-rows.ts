/** The rows of intents, and how many there are of what. Each call is part of a transaction. */
import type { ClientId } from '../../clients/client-id.ts';
import type { PortalName } from '../../portals/portal-name.ts';
import type { Intent, IntentReference, IntentState } from '../../registration/intent.ts';
import { parseRecord } from '../parse-record.ts';
import type { Database } from './database.ts';

export interface IntentRows {
  find(operation: string, opId: string): Intent | undefined;
  findOfClient(operation: string, id: ClientId): Intent | undefined;
  findOfAnswer(operation: string, answerId: string): Intent | undefined;
  /** Whether it is there, in this version. */
  has(intent: IntentReference): boolean;
  count(what: IntentState | `creates of ${PortalName}`): number;
  insert(intent: Intent): void;
  remove(operation: string, opId: string): void;
}

interface Row {
  readonly op_id: string;
  readonly record: string;
}

export function sqliteIntentRows(database: Database): IntentRows {
  const select = (where: string) => database.prepare(`SELECT op_id, record FROM intents WHERE ${where}`);
  const [byId, byClient, byAnswer] = ['op_id = ?', 'client_id = ?', 'answer_id = ?'].map(select);
  const selectVersion = database.prepare('SELECT 1 FROM intents WHERE op_id = ? AND version = ?');
  const insert = database.prepare(`
    INSERT INTO intents (op_id, version, state, started_at, next_attempt_at, client_id, answer_id, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const remove = database.prepare('DELETE FROM intents WHERE op_id = ?');
  const selectCount = database.prepare('SELECT intents FROM intent_counts WHERE what = ?');
  const addToCount = database.prepare(`
    INSERT INTO intent_counts (what, intents) VALUES (?1, ?2)
    ON CONFLICT DO UPDATE SET intents = intents + ?2`);

  function find(operation: string, statement: typeof byId, key: string): Intent | undefined {
    const row = database.read(operation, () => statement?.get(key)) as Row | undefined;
    return row && parseIntent(operation, row);
  }
  function addToCounts({ state, kind, portal }: Intent, difference: 1 | -1): void {
    addToCount.run(state, difference);
    if (kind === 'create') addToCount.run(createsOf(portal), difference);
  }
  return {
    find: (operation, opId) => find(operation, byId, opId),
    findOfClient: (operation, id) => find(operation, byClient, id),
    findOfAnswer: (operation, answerId) => find(operation, byAnswer, answerId),
    has: ({ op_id, version }) => selectVersion.get(op_id, version) !== undefined,
    count(what) {
      const row = selectCount.get(what) as { intents: number } | undefined;
      return row?.intents ?? 0;
    },
    insert(intent) {
      const { op_id, version, state, started_at, next_attempt_at, client_id, answer_id } = intent;
      const due = next_attempt_at ?? null;
      const record = JSON.stringify(intent);
      insert.run(op_id, version, state, started_at, due, client_id ?? null, answer_id ?? null, record);
      addToCounts(intent, 1);
    },
    remove(operation, opId) {
      const intent = find(operation, byId, opId);
      if (intent === undefined) return;
      remove.run(opId);
      addToCounts(intent, -1);
    },
  };
}

export function createsOf(portal: PortalName): `creates of ${PortalName}` {
  return `creates of ${portal}`;
}

export function parseIntent(operation: string, { op_id, record }: Row): Intent {
  return parseRecord<Intent>(operation, `intent ${op_id}`, record, (intent) => intent.op_id === op_id);
}
