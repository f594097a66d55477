/** What every store does when several processes change one thing at once. Each worker is a real process. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Implementation, Place } from '../implementations.ts';
import { aClient, aPortal, aTombstone, NOW, next } from '../records.ts';
import { startWorker, type Worker } from '../start-worker.ts';
import type { Call } from '../worker.ts';

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
    for (const result of results.flat()) counts[String(result)] = (counts[String(result)] ?? 0) + 1;
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
    const create = (provider: string) => half(() => ['clients', 'create', { ...client, provider }]);
    assert.deepEqual(await both(create('one'), create('other')), { created: 1, exists: WRITES - 1 });
  });

  test('of 50 replaces that expect the same version, exactly one wins, and it is what is stored', async () => {
    const client = aClient();
    const store = await place.open();
    try {
      await store.clients.create(client);
      const replace = (who: string) =>
        half((index) => ['clients', 'replace', next(client, { provider: `${who} ${index}` }), 1]);
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
      for (const client of clients) await store.clients.create(client);
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
}
