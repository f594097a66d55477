/**
 * `dcr-bridge reconcile`: what was begun at upstream providers and not ended, straight from the store, and
 * how to put an end to what only a person can know. These acts call no provider: whoever settles an operation
 * has looked there. Those about drift do (`drift.ts`).
 */
import type { ClientRecord } from '../clients/client-record.ts';
import { INTENT_STATES, type Intent } from '../registration/intent.ts';
import type { IntentPosition } from '../registration/intent-store.ts';
import type { Store } from '../stores/store.ts';
import type { Invocation } from './commands.ts';
import { DRIFT_ACTS, reconcileDrift } from './drift.ts';
import { onStore } from './on-store.ts';
import { printOne, printRows, utc } from './print.ts';
import { atMost, UsageError } from './usage-error.ts';

type Act = (store: Store, json: boolean) => Promise<boolean>;

const ACTS: ReadonlyMap<string, (args: readonly string[]) => Act> = new Map([
  ['list', listOpen],
  ['forget', forget],
  ['retry', retry],
]);

export function reconcile(invocation: Invocation): Promise<number> {
  const { args } = invocation;
  if (DRIFT_ACTS.has(args[0] ?? '')) return reconcileDrift(invocation);
  if (invocation.force) throw new UsageError('--force is for accept, let-go');
  const acted = args.length === 0 ? { ...invocation, args: ['list'] } : invocation;
  return onStore(acted, ACTS, async (act, { store }) => {
    if (await act(store, invocation.json)) return 0;
    process.stderr.write(
      'dcr-bridge reconcile: no operation of this id is open, or it has just changed; reconcile list shows those that are\n',
    );
    return 1;
  });
}

function listOpen(args: readonly string[]): Act {
  const [provider] = args;
  atMost(1, args);
  return async ({ intents, clients }, json) => {
    const rows: ReturnType<typeof row>[] = [];
    for (const state of INTENT_STATES) {
      let after: IntentPosition | undefined;
      do {
        const page = await intents.list(state, after, PAGE);
        const some = page.intents.filter((intent) => provider === undefined || intent.provider === provider);
        for (const intent of some) {
          rows.push(row(intent, intent.client_id && (await clients.read(intent.client_id))));
        }
        after = page.next;
      } while (after !== undefined);
    }
    printRows('open operations', rows, json);
    return true;
  };
}

const PAGE = 100;

/** `marker`: what to look for at the provider, in `software_id` or where its preset puts it. */
function row(intent: Intent, client: ClientRecord | undefined) {
  const { op_id, kind, state, provider, portal, started_at, client_name, next_attempt_at } = intent;
  return {
    op_id,
    kind,
    state,
    provider,
    portal,
    started_at: utc(started_at),
    next_attempt_at: next_attempt_at === undefined ? 'never' : utc(next_attempt_at),
    client_name: client_name ?? '',
    client_id: intent.upstream?.client_id ?? client?.upstream?.client_id ?? intent.left_there ?? '',
    not_the_spare: intent.registered_as ?? '',
    marker: intent.upstream?.marker ?? client?.upstream?.marker ?? op_id,
  };
}

/** After a person has looked: nothing is left to be done there. */
function forget(args: readonly string[]): Act {
  const opId = onlyId(args);
  return async ({ intents }, json) => {
    const intent = await intents.read(opId);
    if (intent === undefined || (await intents.finish(intent)) !== 'finished') return false;
    printOne({ op_id: opId, forgotten: true }, json);
    return true;
  };
}

/** Has the running service take it on with its next look, instead of when its pause is over. */
function retry(args: readonly string[]): Act {
  const opId = onlyId(args);
  return async ({ intents }, json) => {
    const intent = await intents.read(opId);
    if (intent === undefined) return false;
    const now = Math.floor(Date.now() / 1000);
    const next = { ...intent, version: intent.version + 1, next_attempt_at: now };
    if ((await intents.advance(next)) !== 'advanced') return false;
    printOne({ op_id: opId, retried: true }, json);
    return true;
  };
}

function onlyId(args: readonly string[]): string {
  const [id] = args;
  if (id === undefined) throw new UsageError('say which operation: OP_ID');
  atMost(1, args);
  return id;
}
