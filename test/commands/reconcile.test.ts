/** An operator sees what is open at upstream providers, and settles it, while the service runs. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { type Intent, newOperationId } from '../../src/registration/intent.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../src/stores/store.ts';
import type { TestService } from '../support/service.ts';
import { type Operator, startWithOperator } from './support.ts';

let service: TestService;
let reconcile: Operator['command'];
let done: Operator['done'];
let store: Store;
before(async () => {
  ({ service, command: reconcile, done } = await startWithOperator('reconcile'));
  store = await openSqliteStore({ file: join(service.directory, 'store.db') });
});
after(async () => {
  await store.close();
  await service.stop();
});

async function open(changes: Partial<Intent> = {}): Promise<Intent> {
  const intent: Intent = {
    ...{ op_id: newOperationId(randomBytes), version: 1, kind: 'create', state: 'unknown', attempts: 1 },
    ...{ portal: 'acme' as PortalName, provider: 'idp', started_at: 1_790_000_000, client_name: 'orders' },
    ...changes,
  };
  assert.equal(await store.intents.begin(intent, { maxClients: 9, maxClientsInAll: 9 }), 'begun');
  return intent;
}

test('what is open is listed with its marker, of all providers or of one, until it is forgotten', async () => {
  assert.equal((await reconcile('list')).stdout, 'There are no open operations.\n');
  const [one, other] = [await open(), await open({ provider: 'second', state: 'unmanageable' })];
  const rows = (await done('list'))['open operations'];
  assert.deepEqual(
    rows.map(({ op_id, state, marker }: Record<string, string>) => [op_id, state, marker]),
    [one, other].map(({ op_id, state }) => [op_id, state, op_id]),
  );
  const [only, ...others] = (await done('list', 'second'))['open operations'];
  assert.deepEqual([only.op_id, others], [other.op_id, []]);
  for (const { op_id } of [one, other]) {
    assert.deepEqual(await done('forget', op_id), { op_id, forgotten: true });
    assert.equal(await store.intents.read(op_id), undefined);
  }
  const again = await reconcile('forget', one.op_id);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /no operation of this id is open, .*; reconcile list shows those that are\n$/);
  assert.equal((await reconcile('forget')).code, 2);
});

test('what is retried is due at once', async () => {
  const { op_id } = await open({ state: 'unmanageable' });
  assert.deepEqual(await store.intents.due(Number.MAX_SAFE_INTEGER, 9), []);
  assert.deepEqual(await done('retry', op_id), { op_id, retried: true });
  const due = await store.intents.due(Math.floor(Date.now() / 1000), 9);
  assert.deepEqual(
    due.map((intent) => intent.op_id),
    [op_id],
  );
});
