/** Listings against a naive model, and under change: fast-check looks for the sequence that breaks them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ClientRecord } from '../../../src/clients/client-record.ts';
import type { PortalName } from '../../../src/portals/portal-name.ts';
import type { Store } from '../../../src/stores/store.ts';
import type { Implementation } from '../implementations.ts';
import { aLabelledClient, aPortalName, aTombstone, FREELY, NOW, next } from '../records.ts';
import { type Asked, inOrder, walk } from './walk.ts';

const label = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'));
const state = fc.constantFrom('active' as const, 'disabled' as const);
const look = fc.record({ labels: fc.array(label, { maxLength: 3 }).map(Object.fromEntries), state });
const act = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('create' as const), fc.nat(3), look) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('change' as const), fc.nat(30), look) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('delete' as const), fc.nat(30), look) },
);
type Act = typeof act extends fc.Arbitrary<infer A> ? A : never;

const asked = fc.record({
  state: fc.option(state, { nil: undefined }),
  labels: fc.uniqueArray(label, { maxLength: 3, selector: ([name]) => name }),
  limit: fc.integer({ min: 1, max: 5 }),
});

export function pagesModel(implementation: Implementation): void {
  test('pages by state and labels are what a naive model finds', async () => {
    const store = await implementation.place().open();
    try {
      const acts = fc.array(act, { maxLength: 25 });
      const property = fc.asyncProperty(
        acts,
        fc.array(asked, { minLength: 3, maxLength: 3 }),
        async (all, queries) => {
          const portal = aPortalName();
          const model: ClientRecord[] = [];
          for (const one of all) await apply(store, portal, model, one);
          assert.equal(await store.clients.count(portal), model.length);
          for (const query of [{ limit: 2 }, ...queries]) {
            assert.deepEqual(await walk(store.clients, portal, query), inOrder(model.filter(matches(query))));
          }
        },
      );
      await fc.assert(property, { numRuns: 40 });
    } finally {
      await store.close();
    }
  });

  test('a listing under change repeats no client and skips none that was there all along', async () => {
    const store = await implementation.place().open();
    try {
      const acts = fc.array(act, { minLength: 10, maxLength: 40 });
      const property = fc.asyncProperty(acts, fc.integer({ min: 1, max: 4 }), async (all, limit) => {
        const portal = aPortalName();
        const steady = Array.from({ length: 6 }, (_, index) =>
          aLabelledClient({ steady: 'yes' }, { portal, created_at: NOW + (index % 3) }),
        );
        for (const record of steady) await store.clients.create(record, FREELY);
        const passing: ClientRecord[] = [];
        const todo = [...all];
        const change = async () => {
          for (const one of todo.splice(0, 3)) await apply(store, portal, passing, one);
          // There all along, and changed all along.
          const restless = steady[todo.length % steady.length];
          if (restless !== undefined) {
            const changed = next(restless, { state: restless.state === 'active' ? 'disabled' : 'active' });
            assert.equal(await store.clients.replace(changed, restless.version), 'replaced');
            steady[steady.indexOf(restless)] = changed;
          }
        };
        const labels = [['steady', 'yes']] as const;
        for (const query of [{ limit }, { limit, labels }]) {
          let changing = change();
          const listed = await walk(store.clients, portal, query, async () => {
            await changing;
            // Runs while the next page is read.
            changing = change();
          });
          await changing;
          const ids = listed.map(({ client_id }) => client_id);
          assert.equal(new Set(ids).size, ids.length, 'a client was listed twice');
          for (const { client_id } of steady) assert.ok(ids.includes(client_id), 'a client was skipped');
        }
      });
      await fc.assert(property, { numRuns: 30 });
    } finally {
      await store.close();
    }
  });
}

async function apply({ clients }: Store, portal: PortalName, model: ClientRecord[], [what, n, looks]: Act) {
  if (what === 'create') {
    const record = aLabelledClient(looks.labels, { portal, created_at: NOW + n, state: looks.state });
    assert.equal(await clients.create(record, FREELY), 'created');
    model.push(record);
    return;
  }
  const index = n % (model.length || 1);
  const record = model[index];
  if (record === undefined) return;
  if (what === 'delete') {
    assert.equal(await clients.delete(record.client_id, aTombstone(record)), 'deleted');
    model.splice(index, 1);
  } else {
    const metadata = { ...record.metadata, labels: looks.labels };
    const changed = next(record, { metadata, state: looks.state });
    assert.equal(await clients.replace(changed, record.version), 'replaced');
    model[index] = changed;
  }
}

function matches({ state: wanted, labels = [] }: Asked) {
  return ({ state: actual, metadata }: ClientRecord) =>
    (wanted === undefined || actual === wanted) &&
    labels.every(([name, value]) => metadata.labels[name] === value);
}
