/** What every store does when several processes change one thing at once. Each worker is a real process. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Implementation, Place } from '../implementations.ts';
import {
  aClient,
  anAnswer,
  aPortal,
  aPortalName,
  aToken,
  aTombstone,
  aUse,
  FREELY,
  NOW,
  next,
  storedOf,
} from '../records.ts';
import { startWorker, type Worker } from '../start-worker.ts';
import type { Call } from '../worker.ts';
import { walk } from './walk.ts';

const WRITES = 50;
const CLIENTS = 300;

export function racesContract(implementation: Implementation): void {
  let place: Place;
  let one: Worker;
  let other: Worker;
  before(async () => {
    place = implementation.place();
    // At once: on a new place, both processes are the first.
    [one, other] = await Promise.all([startWorker(place.location), startWorker(place.location)]);
  });
  after(() => Promise.all([one.kill(), other.kill()]));

  async function both(mine: readonly Call[], theirs: readonly Call[]): Promise<Record<string, number>> {
    const results = await Promise.all([one.make(mine), other.make(theirs)]);
    const counts: Record<string, number> = {};
    for (const result of results.flat()) {
      const text = typeof result === 'string' ? result : JSON.stringify(result);
      counts[text] = (counts[text] ?? 0) + 1;
    }
    return counts;
  }

  function half(call: (index: number) => Call): readonly Call[] {
    return Array.from({ length: WRITES / 2 }, (_, index) => call(index));
  }

  test('the first ring is written by exactly one of two processes that start together', async () => {
    const write = (who: string) =>
      half((index) => ['rings', 'writeRing', { version: 1, document: `${who} ${index}` }, 0]);
    assert.deepEqual(await both(write('one'), write('other')), { written: 1, conflict: WRITES - 1 });
  });

  test('of 50 creates of one id, exactly one wins', async () => {
    const client = aClient();
    const create = (provider: string) => half(() => ['clients', 'create', { ...client, provider }, FREELY]);
    assert.deepEqual(await both(create('one'), create('other')), { created: 1, exists: WRITES - 1 });
  });

  test('of 50 replaces that expect the same version, exactly one wins, and it is what is stored', async () => {
    const client = aClient();
    const store = await place.open();
    try {
      await store.clients.create(client, FREELY);
      const replace = (who: string) =>
        half((index) => ['clients', 'replace', next(client, { granted_resources: [`${who} ${index}`] }), 1]);
      assert.deepEqual(await both(replace('one'), replace('other')), { replaced: 1, conflict: WRITES - 1 });
      assert.equal((await store.clients.read(client.client_id))?.version, 2);
    } finally {
      await store.close();
    }
  });

  test('of 50 portal replaces that expect the same version, exactly one wins, and its key opens it', async () => {
    const portal = aPortal('raced');
    const store = await place.open();
    try {
      await store.portals.create(portal);
      const replace = (who: string) =>
        half((index) => ['portals', 'replace', { ...aPortal('raced', [`${who} ${index}`]), version: 2 }, 1]);
      assert.deepEqual(await both(replace('one'), replace('other')), { replaced: 1, conflict: WRITES - 1 });
      const stored = await store.portals.read(portal.name);
      assert.deepEqual(await store.portals.findByKeyHash(stored?.keys[0]?.hash ?? ''), stored);
    } finally {
      await store.close();
    }
  });

  test('S-RACE-01 an update that races a delete never brings the client back', async () => {
    const clients = Array.from({ length: CLIENTS }, () => aClient());
    const store = await place.open();
    try {
      for (const client of clients) await store.clients.create(client, FREELY);
      const counts = await both(
        clients.map((client) => ['clients', 'replace', next(client), 1]),
        // From the other end, so that the two meet.
        clients.toReversed().map((client) => ['clients', 'delete', client.client_id, aTombstone(client)]),
      );
      assert.equal(counts.deleted, CLIENTS);
      assert.equal((counts.replaced ?? 0) + (counts.gone ?? 0), CLIENTS);
      for (const { client_id } of clients) {
        assert.equal(await store.clients.read(client_id), undefined);
        assert.notEqual(await store.clients.readTombstone(client_id, NOW), undefined);
      }
    } finally {
      await store.close();
    }
  });

  test('S-RACE-06 of 50 creates with one answer id, one makes a client and 49 get its answer', async () => {
    const portal = aPortalName();
    const answers = Array.from({ length: WRITES }, () => anAnswer({ id: `raced ${portal}` }));
    const create = (from: number) =>
      half((index) => {
        const conditions = { ...FREELY, answer: answers[from + index] };
        return ['clients', 'create', aClient({ portal }), conditions];
      });
    const store = await place.open();
    try {
      const counts = await both(create(0), create(WRITES / 2));
      const kept = await store.clients.readAnswer(`raced ${portal}`);
      assert.ok(answers.some((answer) => isDeepStrictEqual(storedOf(answer), kept)));
      assert.deepEqual(counts, { created: 1, [JSON.stringify({ replayed: kept })]: WRITES - 1 });
      assert.equal(await store.clients.count(portal), 1);
      assert.equal((await walk(store.clients, portal)).length, 1);
    } finally {
      await store.close();
    }
  });

  test('S-RACE-06 of 50 replaces with one answer id, one is done and 49 get its answer', async () => {
    const client = aClient();
    const id = `raced ${client.client_id}`;
    const store = await place.open();
    try {
      await store.clients.create(client, FREELY);
      const replace = () => half(() => ['clients', 'replace', next(client), 1, { answer: anAnswer({ id }) }]);
      const counts = await both(replace(), replace());
      const kept = await store.clients.readAnswer(id);
      assert.deepEqual(counts, { replaced: 1, [JSON.stringify({ replayed: kept })]: WRITES - 1 });
      assert.equal((await store.clients.read(client.client_id))?.version, 2);
    } finally {
      await store.close();
    }
  });

  test('S-RACE-07 of 100 creates against a quota of 10, exactly 10 succeed', async () => {
    const portal = aPortalName();
    const create = (): readonly Call[] =>
      Array.from({ length: WRITES }, () => [
        'clients',
        'create',
        aClient({ portal }),
        { ...FREELY, maxClients: 10 },
      ]);
    const store = await place.open();
    try {
      assert.deepEqual(await both(create(), create()), { created: 10, quota_exceeded: 90 });
      assert.equal(await store.clients.count(portal), 10);
      assert.equal((await walk(store.clients, portal)).length, 10);
    } finally {
      await store.close();
    }
  });

  test('S-DCR-02 of 50 uses of an initial access token for 5 clients, exactly 5 succeed', async () => {
    const portal = aPortalName();
    const token = aToken({ portal, uses_left: 5 });
    const create = () =>
      half(() => ['clients', 'create', aClient({ portal }), { ...FREELY, initialAccessToken: token.hash }]);
    const store = await place.open();
    try {
      await store.portals.addInitialAccessToken(token);
      assert.deepEqual(await both(create(), create()), { created: 5, token_spent: WRITES - 5 });
      assert.equal(await store.clients.count(portal), 5);
      assert.equal((await store.portals.readInitialAccessToken(token.hash, 0))?.uses_left, 0);
    } finally {
      await store.close();
    }
  });

  test('uses that two processes count at once are all counted', async () => {
    const client = aClient();
    const store = await place.open();
    try {
      await store.clients.create(client, FREELY);
      const add = () => half(() => ['secretUsage', 'addUses', [aUse(client.client_id, { use_count: 3 })]]);
      await both(add(), add());
      const uses = await store.secretUsage.readUses(client.client_id);
      assert.equal(uses.get('sec_1')?.use_count, 3 * WRITES);
    } finally {
      await store.close();
    }
  });
}
