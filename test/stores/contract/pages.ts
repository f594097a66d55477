/** What every store lists, and in which order. */
import assert from 'node:assert/strict';
import type { ClientQuery } from '../../../src/clients/client-query.ts';
import type { ClientRecord } from '../../../src/clients/client-record.ts';
import { StoreUnavailable } from '../../../src/lib/store-unavailable.ts';
import type { PortalName } from '../../../src/portals/portal-name.ts';
import { chunks } from '../../../src/stores/chunks.ts';
import type { Implementation } from '../implementations.ts';
import { aClient, aLabelledClient, aPortalName, aTombstone, FREELY, NOW, next } from '../records.ts';
import { inOrder, walk } from './walk.ts';
import { withStore } from './with-store.ts';

export function pagesContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);

  story('clients are listed by creation, then by id, whatever order they came in', async ({ clients }) => {
    const portal = aPortalName();
    const records = [5, 3, 5, 10, 5, 9, 100].map((second) => aClient({ portal, created_at: NOW + second }));
    for (const record of records) await clients.create(record, FREELY);
    assert.deepEqual(await walk(clients, portal), inOrder(records));
    for (const limit of [1, 2, 3, 6, 7, 8]) {
      assert.deepEqual(await walk(clients, portal, { limit }), inOrder(records));
    }
  });

  story('the last page has no next, also when it is full', async ({ clients }) => {
    const portal = aPortalName();
    const query = { portal, provider: 'local', state: undefined, labels: [], after: undefined } as const;
    assert.deepEqual(await clients.list({ ...query, limit: 2 }), { clients: [], next: undefined });
    const records = inOrder([aClient({ portal }), aClient({ portal })]);
    for (const record of records) await clients.create(record, FREELY);
    assert.deepEqual(await clients.list({ ...query, limit: 2 }), { clients: records, next: undefined });
    const { next: after } = await clients.list({ ...query, limit: 1 });
    assert.deepEqual(after, { created_at: NOW, client_id: records[0]?.client_id });
  });

  story("another portal's and another provider's clients are never listed", async ({ clients }) => {
    const portal = aPortalName();
    const [mine, elsewhere] = [aClient({ portal }), aClient({ portal, provider: 'other' })];
    const foreign = aClient({ portal: `${portal}:local` as PortalName });
    for (const record of [mine, elsewhere, foreign]) await clients.create(record, FREELY);
    assert.deepEqual(await walk(clients, portal), [mine]);
    assert.deepEqual(await walk(clients, portal, { state: 'active' }), [mine]);
    assert.deepEqual(await walk(clients, portal, { provider: 'other' }), [elsewhere]);
    assert.deepEqual(await walk(clients, aPortalName()), []);
  });

  story('a listing filters by state and by every label that is asked for', async ({ clients }) => {
    const portal = aPortalName();
    const off = { portal, state: 'disabled' } as const;
    const [red, redBig, bigOff, none] = [
      aLabelledClient({ colour: 'red' }, { portal }),
      aLabelledClient({ colour: 'red', size: 'big' }, { portal }),
      aLabelledClient({ size: 'big' }, off),
      aClient(off),
    ];
    for (const record of [red, redBig, bigOff, none]) await clients.create(record, FREELY);
    const listed = (asked: Parameters<typeof walk>[2]) => walk(clients, portal, asked);
    assert.deepEqual(await listed({ state: 'disabled' }), inOrder([bigOff, none]));
    assert.deepEqual(await listed({ labels: [['colour', 'red']] }), inOrder([red, redBig]));
    assert.deepEqual(await listed({ state: 'disabled', labels: [['size', 'big']] }), [bigOff]);
    const both = [
      ['colour', 'red'],
      ['size', 'big'],
    ] as const;
    assert.deepEqual(await listed({ labels: both }), [redBig]);
    assert.deepEqual(await listed({ labels: [...both, ...both], limit: 1 }), [redBig]);
    assert.deepEqual(await listed({ labels: both, state: 'disabled' }), []);
    assert.deepEqual(
      await listed({
        labels: [
          ['colour', 'red'],
          ['colour', 'blue'],
        ],
      }),
      [],
    );
    assert.deepEqual(await listed({ labels: [['colour', 're']] }), []);
    assert.deepEqual(await listed({ labels: [['colour', 'redd']] }), []);
    assert.deepEqual(await listed({ labels: [['Colour', 'red']] }), []);
  });

  story(
    'no label is taken for another one, for a state, or for a place in the order',
    async ({ clients }) => {
      const portal = aPortalName();
      const names = ['a', 'a=b', 'active', 'disabled', 'a\n', '__proto__', 'constructor', ''];
      const values = [
        '',
        'b',
        'active',
        'a="b"',
        '\n',
        '\n00000000000cl_',
        '"',
        '\\',
        '*',
        '[',
        '\u{1f989}',
        '\0',
      ];
      const pairs = names.flatMap((name) => values.map((value) => [name, value] as const));
      const records = pairs.map(([name, value]) => aLabelledClient({ [name]: value }, { portal }));
      for (const record of records) await clients.create(record, FREELY);
      for (const [index, pair] of pairs.entries()) {
        assert.deepEqual(await walk(clients, portal, { labels: [pair] }), [records[index]], pair.join());
      }
      assert.equal((await walk(clients, portal, { state: 'active', limit: 7 })).length, records.length);
      assert.deepEqual(await walk(clients, portal, { state: 'disabled' }), []);
    },
  );

  story('a replace moves the client to where its labels and state say', async ({ clients }) => {
    const portal = aPortalName();
    const first = aLabelledClient({ team: 'a', kept: 'yes', gone: 'soon' }, { portal });
    await clients.create(first, FREELY);
    const metadata = { ...first.metadata, labels: { team: 'b', kept: 'yes', fresh: 'yes' } };
    const second = next(first, { metadata, state: 'disabled' });
    await clients.replace(second, 1);
    assert.deepEqual(await walk(clients, portal), [second]);
    for (const labels of [[['team', 'a']], [['gone', 'soon']]] as const) {
      assert.deepEqual(await walk(clients, portal, { labels }), []);
    }
    for (const labels of [[['team', 'b']], [['kept', 'yes']], [['fresh', 'yes']]] as const) {
      assert.deepEqual(await walk(clients, portal, { labels, state: 'disabled' }), [second]);
    }
    assert.deepEqual(await walk(clients, portal, { state: 'active' }), []);
  });

  story('a replace that is refused moves nothing', async ({ clients }) => {
    const portal = aPortalName();
    const client = aLabelledClient({ team: 'a' }, { portal });
    await clients.create(client, FREELY);
    const lost = { metadata: { ...client.metadata, labels: { team: 'b' } }, state: 'disabled' } as const;
    assert.equal(await clients.replace(next(client, lost), 9), 'conflict');
    assert.deepEqual(await walk(clients, portal, { labels: [['team', 'a']], state: 'active' }), [client]);
    assert.deepEqual(await walk(clients, portal, { labels: [['team', 'b']] }), []);
  });

  story('a deleted client is in no listing, and a page goes on from where it was', async ({ clients }) => {
    const portal = aPortalName();
    const records = inOrder([1, 2, 3].map(() => aLabelledClient({ team: 'a' }, { portal })));
    for (const record of records) await clients.create(record, FREELY);
    const [first, second, third] = records;
    assert.ok(first && second && third);
    for (const asked of [{}, { state: 'active' }, { labels: [['team', 'a']] }] as const) {
      const listed = await walk(clients, portal, { ...asked, limit: 1 }, async ({ next: position }) => {
        if (position?.client_id === second.client_id) {
          await clients.delete(second.client_id, aTombstone(second));
        }
      });
      assert.equal(listed.at(-1)?.client_id, third.client_id);
      assert.equal(listed[0]?.client_id, first.client_id);
    }
    const query = { portal, provider: 'local', after: undefined, limit: 2 };
    for (const asked of [
      { state: undefined, labels: [] },
      { state: 'active', labels: [] },
      { state: undefined, labels: [['team', 'a']] },
    ] as const) {
      // A full page that is the last: nothing of the deleted client takes up room in the index.
      assert.deepEqual(await clients.list({ ...query, ...asked }), {
        clients: [first, third],
        next: undefined,
      });
    }
  });

  story('a page looks at a bounded number of clients, and still nothing is left out', async ({ clients }) => {
    const portal = aPortalName();
    const labelled = (labels: Record<string, string>, second: number) =>
      aLabelledClient(labels, { portal, created_at: NOW + second });
    const records = [
      ...Array.from({ length: 1200 }, (_, index) => labelled({ a: '1' }, index)),
      ...Array.from({ length: 1200 }, (_, index) => labelled({ b: '1' }, index)),
      labelled({ a: '1', b: '1', rare: '1' }, 5000),
    ];
    for (const some of chunks(records, 50)) {
      await Promise.all(some.map((record) => clients.create(record, FREELY)));
    }
    const pagesOf = async (labels: ClientQuery['labels'], expected: readonly ClientRecord[]) => {
      let pages = 0;
      const listed = await walk(clients, portal, { labels }, async () => {
        pages += 1;
      });
      assert.deepEqual(listed, expected);
      return pages;
    };
    const last = records.slice(-1);
    assert.equal(
      await pagesOf(
        [
          ['a', '1'],
          ['b', '1'],
        ],
        last,
      ),
      2,
    );
    // The rarest label's clients are looked at, wherever it stands in the question.
    assert.equal(
      await pagesOf(
        [
          ['a', '1'],
          ['rare', '1'],
        ],
        last,
      ),
      1,
    );
    assert.equal(
      await pagesOf(
        [
          ['rare', '1'],
          ['a', '1'],
        ],
        last,
      ),
      1,
    );
  });

  story(
    'metadata nested deeper than a parser in the store would follow is no obstacle',
    async ({ clients }) => {
      const portal = aPortalName();
      const deep = JSON.parse(`${'['.repeat(3000)}${']'.repeat(3000)}`);
      const client = aLabelledClient({ team: 'a' }, { portal });
      const nested = { ...client, metadata: { ...client.metadata, extension: { deep } } };
      assert.equal(await clients.create(nested, FREELY), 'created');
      const second = next(nested, { state: 'disabled' });
      assert.equal(await clients.replace(second, 1), 'replaced');
      assert.equal((await walk(clients, portal, { labels: [['team', 'a']], state: 'disabled' })).length, 1);
      assert.equal(await clients.delete(client.client_id, aTombstone(client)), 'deleted');
      assert.deepEqual(await walk(clients, portal), []);
    },
  );

  story('a client stays with its portal and provider, whatever a caller says', async ({ clients }, place) => {
    const portal = aPortalName();
    const client = aClient({ portal });
    await clients.create(client, FREELY);
    const before = await place.contents();
    const moved = /another portal's or provider's/;
    const others = [{ portal: aPortalName() }, { provider: 'other' }];
    for (const other of others) {
      await assert.rejects(clients.replace(next(client, other), 1), moved);
      await assert.rejects(clients.delete(client.client_id, { ...aTombstone(client), ...other }), moved);
    }
    assert.deepEqual(await place.contents(), before);
  });

  story('L-11 a page with a damaged record is a store that can not answer', async ({ clients }, place) => {
    const portal = aPortalName();
    const client = aClient({ portal });
    for (const record of [client, aClient({ portal })]) await clients.create(record, FREELY);
    await place.damage(client.client_id, 'nonsense');
    await assert.rejects(walk(clients, portal), StoreUnavailable);
  });
}
