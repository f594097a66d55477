/** What every intent store does, and how intents begin and end with the clients that they are for. */
import assert from 'node:assert/strict';
import type { IntentState } from '../../../src/registration/intent.ts';
import type { IntentPosition, IntentStore } from '../../../src/registration/intent-store.ts';
import type { Implementation } from '../implementations.ts';
import {
  aClient,
  anAnswer,
  anIntent,
  aPortalName,
  aTombstone,
  FREELY,
  NOW,
  next,
  storedOf,
} from '../records.ts';
import { nothingChanges } from './nothing-changes.ts';
import { withStore } from './with-store.ts';

const PLENTY = FREELY;
const places = (maxClients: number) => ({ ...FREELY, maxClients });

export function intentsContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);

  story('an intent is read back as it was begun, and is gone when it is finished', async ({ intents }) => {
    const client_id = aClient().client_id;
    const intent = anIntent({ client_id, client_name: 'Zoë\n🦉', next_attempt_at: NOW + 15 });
    assert.equal(await intents.read(intent.op_id), undefined);
    assert.equal(await intents.begin(intent, PLENTY), 'begun');
    assert.deepEqual(await intents.read(intent.op_id), intent);
    assert.deepEqual(await intents.readOfClient(client_id), intent);
    assert.equal(await intents.finish(intent), 'finished');
    assert.equal(await intents.read(intent.op_id), undefined);
    assert.equal(await intents.readOfClient(client_id), undefined);
    assert.equal(await intents.finish(intent), 'gone');
    assert.equal(await intents.begin(intent, PLENTY), 'begun', 'nothing of it was left');
  });

  story('R-07 a key has one open intent, and a kept answer comes before it', async (store, place) => {
    const { intents, clients } = store;
    const answer = anAnswer();
    const first = anIntent({ answer_id: answer.id });
    assert.equal(await intents.begin(first, PLENTY), 'begun');
    const again = () => intents.begin(anIntent({ answer_id: answer.id }), places(0));
    assert.deepEqual(await nothingChanges(place, again), { same_key: first });
    await clients.create(aClient(), { ...FREELY, answer, finishes: first });
    assert.deepEqual(await nothingChanges(place, again), { replayed: storedOf(answer) });
  });

  story('a client has one open intent', async ({ intents }, place) => {
    const { client_id } = aClient();
    const first = anIntent({ kind: 'update', client_id });
    assert.equal(await intents.begin(first), 'begun');
    const second = anIntent({ kind: 'update', client_id });
    assert.deepEqual(await nothingChanges(place, () => intents.begin(second)), { busy: first });
    await intents.finish(first);
    assert.equal(await intents.begin(second), 'begun');
  });

  story('S-RACE-07 open creates hold places in the quota', async ({ intents, clients }, place) => {
    const portal = aPortalName();
    const begun = anIntent({ portal });
    await clients.create(aClient({ portal }), FREELY);
    assert.equal(await intents.begin(begun, places(2)), 'begun');
    const refusals: readonly (() => Promise<unknown>)[] = [
      () => intents.begin(anIntent({ portal }), places(2)),
      () => clients.create(aClient({ portal }), { ...FREELY, maxClients: 2 }),
    ];
    for (const refused of refusals) assert.equal(await nothingChanges(place, refused), 'quota_exceeded');
    assert.equal(await intents.begin(anIntent({ portal: aPortalName() }), places(2)), 'begun');

    // Its place was kept for it; it does not need another.
    assert.equal(
      await clients.create(aClient({ portal }), { ...FREELY, maxClients: 2, finishes: begun }),
      'created',
    );
    assert.equal(await clients.count(portal), 2);
    assert.equal(await intents.begin(anIntent({ portal }), places(3)), 'begun');
    assert.equal(await intents.begin(anIntent({ portal, kind: 'update' })), 'begun', 'an update needs none');
  });

  story('a hundred creates at once begin as often as there is room', async ({ intents }) => {
    const portal = aPortalName();
    const begun = await Promise.all(
      Array.from({ length: 100 }, () => intents.begin(anIntent({ portal }), places(3))),
    );
    assert.equal(begun.filter((outcome) => outcome === 'begun').length, 3);
  });

  story('a create that became a delete gives its place back', async ({ intents }) => {
    const portal = aPortalName();
    const intent = anIntent({ portal, answer_id: anAnswer().id });
    await intents.begin(intent, places(1));
    const { answer_id, ...rest } = intent;
    const undoing = { ...rest, kind: 'delete', version: 2 } as const;
    assert.equal(await intents.advance(undoing), 'advanced');
    assert.deepEqual(await intents.read(intent.op_id), undoing);
    assert.equal(
      await intents.begin(anIntent({ portal, answer_id }), places(1)),
      'begun',
      'the key is free too',
    );
  });

  story('only the writer who knows the version advances or finishes', async ({ intents }, place) => {
    const intent = anIntent();
    await intents.begin(intent, PLENTY);
    const second = { ...intent, version: 2, state: 'unknown' } as const;
    assert.equal(await intents.advance(second), 'advanced');
    const late = [() => intents.advance(second), () => intents.finish(intent)];
    for (const act of late) assert.equal(await nothingChanges(place, act), 'conflict');
    assert.equal(await nothingChanges(place, () => intents.advance(anIntent({ version: 2 }))), 'gone');
    assert.equal(await intents.finish(second), 'finished');
  });

  story('a state is listed page by page, oldest first, and counted', async ({ intents }) => {
    const of = (state: IntentState, started_at: number) => anIntent({ state, started_at });
    const unknown = [of('unknown', NOW + 3), of('unknown', NOW + 10), of('unknown', NOW + 10)];
    const started = [of('started', NOW - 5)];
    for (const intent of [...unknown, ...started].reverse()) await intents.begin(intent, PLENTY);
    const inOrder = unknown.sort(
      (one, other) => one.started_at - other.started_at || (one.op_id < other.op_id ? -1 : 1),
    );
    assert.deepEqual(await pages(intents, 'unknown', 1), inOrder);
    assert.deepEqual(await pages(intents, 'unknown', 3), inOrder);
    assert.deepEqual(await pages(intents, 'started', 2), started);
    assert.deepEqual(await pages(intents, 'unmanageable', 2), []);
    assert.deepEqual(await intents.counts(), [
      { state: 'started', intents: 1, oldest_started_at: NOW - 5 },
      { state: 'unknown', intents: 3, oldest_started_at: NOW + 3 },
      { state: 'unmanageable', intents: 0, oldest_started_at: undefined },
    ]);
    for (const intent of inOrder) await intents.finish(intent);
    assert.deepEqual((await intents.counts())[1], {
      state: 'unknown',
      intents: 0,
      oldest_started_at: undefined,
    });
  });

  story('what is due comes earliest first, and what has no time never', async ({ intents }) => {
    const at = (next_attempt_at?: number) => anIntent({ next_attempt_at });
    const [late, early, now, never] = [at(NOW + 1), at(NOW - 5), at(NOW), at()];
    for (const intent of [late, early, now, never]) await intents.begin(intent, PLENTY);
    assert.deepEqual(await intents.due(NOW, 10), [early, now]);
    assert.deepEqual(await intents.due(NOW, 1), [early]);
    await intents.advance({ ...early, version: 2, next_attempt_at: NOW + 60 });
    assert.deepEqual(await intents.due(NOW, 10), [now]);
    await intents.finish(now);
    assert.deepEqual(await intents.due(NOW, 10), []);
  });

  story('a client is stored and its intent ended in one commit, or neither', async (store, place) => {
    const { clients, intents } = store;
    const intent = anIntent();
    await intents.begin(intent, PLENTY);
    const client = aClient();
    const lost = [anIntent(), { ...intent, version: 2 }];
    for (const finishes of lost) {
      const create = () => clients.create(client, { ...FREELY, finishes });
      assert.equal(await nothingChanges(place, create), 'intent_lost');
    }
    assert.equal(await clients.create(client, { ...FREELY, finishes: intent }), 'created');
    assert.equal(await intents.read(intent.op_id), undefined);

    const taken = anIntent();
    await intents.begin(taken, PLENTY);
    const twice = () => clients.create(client, { ...FREELY, finishes: taken });
    assert.equal(await nothingChanges(place, twice), 'exists');
  });

  story('a client is changed and its intent ended in one commit, or neither', async (store, place) => {
    const { clients, intents } = store;
    const client = aClient();
    await clients.create(client, FREELY);
    const intent = anIntent({ kind: 'update', client_id: client.client_id });
    await intents.begin(intent);
    const replace =
      (expectedVersion: number, finishes = intent) =>
      () =>
        clients.replace(next(client), expectedVersion, { finishes });
    assert.equal(await nothingChanges(place, replace(1, anIntent())), 'intent_lost');
    assert.equal(await nothingChanges(place, replace(7)), 'conflict');
    assert.equal(await replace(1)(), 'replaced');
    assert.equal(await intents.readOfClient(client.client_id), undefined);
  });

  story(
    'S-MGT-20 a client is removed and its delete begun in one commit, or neither',
    async (store, place) => {
      const { clients, intents } = store;
      const client = aClient();
      const { client_id } = client;
      const begins = anIntent({ kind: 'delete', client_id, next_attempt_at: NOW });
      const remove = (conditions: object = {}) =>
        clients.delete(client_id, aTombstone(client), { begins, expectedVersion: 1, ...conditions });
      assert.equal(await nothingChanges(place, remove), 'gone');
      await clients.create(client, FREELY);
      const update = anIntent({ kind: 'update', client_id });
      await intents.begin(update);
      assert.equal(await nothingChanges(place, () => remove({ expectedVersion: 2 })), 'conflict');
      assert.equal(await nothingChanges(place, remove), 'busy');
      assert.equal(await nothingChanges(place, () => remove({ supersedes: 'op_another' })), 'busy');

      assert.equal(await remove({ supersedes: update.op_id }), 'deleted');
      assert.equal(await clients.read(client_id), undefined);
      assert.equal(await intents.read(update.op_id), undefined);
      assert.deepEqual(await intents.readOfClient(client_id), begins);
      assert.deepEqual(await intents.due(NOW, 10), [begins]);
      assert.equal(await intents.finish(begins), 'finished');
      assert.notEqual(await clients.readTombstone(client_id, NOW), undefined);
    },
  );
}

async function pages(intents: IntentStore, state: IntentState, limit: number) {
  const all = [];
  let after: IntentPosition | undefined;
  do {
    const page = await intents.list(state, after, limit);
    all.push(...page.intents);
    after = page.next;
  } while (after !== undefined);
  return all;
}
