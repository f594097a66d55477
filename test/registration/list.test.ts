/** Listing: every client once, in order, of this portal alone, and a cursor is worth nothing elsewhere. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Answer } from '../support/bridge.ts';
import { asPortal, BRIDGE, type Call } from '../support/dialects.ts';
import { type Operated, startOperated } from '../support/operated-service.ts';
import type { TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';

let operated: Operated;
let service: TestService;
before(async () => {
  operated = await startOperated();
  service = operated.service;
});
after(() => service.stop());

let portals = 0;
/** A portal that has no clients yet. */
async function newPortal(): Promise<Call> {
  portals += 1;
  return asPortal(service, await operated.addPortal(`lister-${portals}`));
}

interface Listed {
  readonly client_id: string;
  readonly client_name: string;
  readonly client_id_issued_at: number;
}

function list(call: Call, query: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return call('GET', `${BRIDGE}?${new URLSearchParams(query)}`);
}

/** Follows the cursors to the end; `between` runs after each page. */
async function pages(
  call: Call,
  query: Readonly<Record<string, string>>,
  between: () => Promise<unknown> = async () => {},
): Promise<Listed[][]> {
  const seen: Listed[][] = [];
  let cursor: string | undefined;
  do {
    const answer = await list(call, { ...query, ...(cursor === undefined ? {} : { cursor }) });
    assert.equal(answer.status, 200, answer.text);
    seen.push(answer.body.clients);
    cursor = answer.body.next_cursor;
    await between();
  } while (cursor !== undefined);
  return seen;
}

const idsOf = (listed: readonly Listed[]) => listed.map(({ client_id }) => client_id);

async function create(call: Call, count: number, body: (index: number) => object): Promise<string[]> {
  const made = await Promise.all(
    Array.from({ length: count }, (_, index) => call('POST', BRIDGE, body(index))),
  );
  return made.map(({ body: { client_id } }) => client_id);
}

test('250 clients are paged completely, oldest first, without a repeat, whatever the limit', async () => {
  const call = await newPortal();
  const made = await create(call, 250, (index) => ({
    client_name: `n${index}`,
    labels: { even: `${index % 2 === 0}` },
  }));
  for (const limit of ['100', '50', '7']) {
    const paged = await pages(call, { limit });
    for (const page of paged.slice(0, -1)) assert.equal(page.length, Number(limit));
    const listed = paged.flat();
    assert.deepEqual(idsOf(listed).sort(), made.toSorted());
    const times = listed.map(({ client_id_issued_at }) => client_id_issued_at);
    assert.deepEqual(times, times.toSorted(), 'oldest first');
  }
  assert.equal((await list(call)).body.clients.length, 50, 'fifty unless it is said');
  const even = (await pages(call, { limit: '40', 'label.even': 'true' })).flat();
  assert.equal(new Set(idsOf(even)).size, 125);
  const repeated = await list(call, { limit: '7' });
  assert.deepEqual(await list(call, { limit: '7' }).then(({ body }) => body), repeated.body, 'stable');
});

test('a portal without clients has an empty page and no cursor', async () => {
  const { body } = await list(await newPortal());
  assert.deepEqual(body, { clients: [] });
});

test('labels must all match, to the letter', async () => {
  const call = await newPortal();
  const [both, one] = await Promise.all([
    call('POST', BRIDGE, { labels: { team: 'a', tier: 'gold & silver=1' } }),
    call('POST', BRIDGE, { labels: { team: 'a' } }),
    call('POST', BRIDGE, { labels: { team: 'A', other: 'a' } }),
    call('POST', BRIDGE, {}),
  ]);
  const found = async (query: Readonly<Record<string, string>>) =>
    idsOf((await pages(call, query)).flat()).sort();
  assert.deepEqual(await found({ 'label.team': 'a' }), [both.body.client_id, one.body.client_id].sort());
  assert.deepEqual(await found({ 'label.team': 'a', 'label.tier': 'gold & silver=1' }), [
    both.body.client_id,
  ]);
  assert.deepEqual(await found({ 'label.tier': 'gold' }), []);
  assert.deepEqual(await found({ 'label.nobody': 'a' }), []);
  assert.deepEqual(await found({ 'label.constructor': 'a' }), []);
  assert.deepEqual(await found({ 'label.team': '%' }), []);
  await call('PUT', `${BRIDGE}/${one.body.client_id}`, { labels: { team: 'b' } });
  assert.deepEqual(
    await found({ 'label.team': 'a' }),
    [both.body.client_id],
    'a changed label is found no more',
  );
  assert.deepEqual(await found({ 'label.team': 'b' }), [one.body.client_id]);
  await call('DELETE', `${BRIDGE}/${one.body.client_id}`);
  assert.deepEqual(await found({ 'label.team': 'b' }), []);
});

test('by state: what the operator disabled is listed as disabled, and as active again after', async () => {
  const call = await newPortal();
  const [first, second] = await create(call, 2, () => ({ labels: { team: 'a' } }));
  assert.ok(first !== undefined && second !== undefined);
  const found = async (query: Readonly<Record<string, string>>) => idsOf((await pages(call, query)).flat());
  await operated.operate('clients', 'disable', first);
  assert.deepEqual(await found({ state: 'disabled' }), [first]);
  assert.deepEqual(await found({ state: 'active' }), [second]);
  assert.deepEqual(await found({ state: 'disabled', 'label.team': 'a' }), [first]);
  assert.equal((await found({})).length, 2);
  await operated.operate('clients', 'enable', first);
  assert.deepEqual(await found({ state: 'disabled' }), []);
  assert.equal((await found({ state: 'active' })).length, 2);
});

test('a query that is not understood is refused and says why', async () => {
  const call = await newPortal();
  for (const [query, says] of [
    ['limit=0', /limit/],
    ['limit=101', /limit/],
    ['limit=-1', /limit/],
    ['limit=1.5', /limit/],
    ['limit=many', /limit/],
    ['limit=', /limit/],
    ['state=deleted', /state/],
    ['limit=1&limit=2', /twice/],
    ['label.a=1&label.a=2', /twice/],
    [`cursor=${'a'.repeat(1001)}`, /cursor/],
    // A filter that is passed over answers with every client, and looks as if all of them matched.
    ['labels.team=a', /^labels\.team: .*label\.NAME/],
    ['stat=disabled', /^stat: /],
    ['label.=a', /^label\.: /],
    [`${encodeURIComponent('<b>')}=a`, /^\?: /],
  ] as const) {
    await refuses(service, { status: 400, error: 'invalid_request', says }, () =>
      call('GET', `${BRIDGE}?${query}`),
    );
  }
});

test('a cursor that was forged, cut, or belongs to another listing or portal is refused', async () => {
  const call = await newPortal();
  const other = await newPortal();
  await Promise.all([
    create(call, 3, () => ({ labels: { team: 'a' } })),
    create(other, 3, () => ({ labels: { team: 'a' } })),
  ]);
  const cursorOf = async (by: Call, query: Readonly<Record<string, string>> = {}): Promise<string> =>
    (await list(by, { limit: '1', ...query })).body.next_cursor;
  const cursor = await cursorOf(call);
  const bytes = Buffer.from(cursor, 'base64url');
  const flipped = [0, 8, 15, 16, 20, bytes.length - 1].map((at) => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy.toString('base64url');
  });
  const position = bytes.subarray(16);
  const forged = [
    ...flipped,
    bytes.subarray(0, -1).toString('base64url'),
    bytes.subarray(0, 16).toString('base64url'),
    position.toString('base64url'),
    Buffer.concat([Buffer.alloc(16), position]).toString('base64url'),
    Buffer.concat([bytes, Buffer.from('0')]).toString('base64url'),
    'abc',
    '!',
    await cursorOf(other),
    await cursorOf(call, { 'label.team': 'a' }),
    await cursorOf(call, { state: 'active' }),
  ];
  for (const wrong of forged) {
    await refuses(service, { status: 400, error: 'invalid_request', says: /cursor/ }, () =>
      list(call, { cursor: wrong }),
    );
  }
  await refuses(service, { status: 400, error: 'invalid_request', says: /cursor/ }, () =>
    list(call, { cursor, 'label.team': 'a' }),
  );
  const next = await list(call, { cursor, limit: '2' });
  assert.equal(next.body.clients.length, 2, 'a genuine one works, with another limit too');
});

test('clients made and deleted meanwhile: who was there all the time is listed exactly once', async () => {
  const call = await newPortal();
  const doomed: string[] = [];
  const staying: string[] = [];
  for (const [index, id] of (await create(call, 60, () => ({}))).entries()) {
    (index % 3 === 0 ? doomed : staying).push(id);
  }
  const listed = await pages(call, { limit: '9' }, async () => {
    const ids = doomed.splice(0, 3);
    await Promise.all([
      ...ids.map((id) => call('DELETE', `${BRIDGE}/${id}`)),
      call('POST', BRIDGE, { client_name: 'late' }),
    ]);
  });
  const ids = idsOf(listed.flat());
  assert.equal(new Set(ids).size, ids.length, 'no repeat');
  for (const id of staying) assert.ok(ids.includes(id), 'none is missed');
});

test('the cursor of a deleted client still leads on', async () => {
  const call = await newPortal();
  await create(call, 4, () => ({}));
  const first = await list(call, { limit: '2' });
  for (const { client_id } of first.body.clients) await call('DELETE', `${BRIDGE}/${client_id}`);
  const rest = await list(call, { limit: '2', cursor: first.body.next_cursor });
  assert.equal(rest.body.clients.length, 2);
  assert.equal(rest.body.next_cursor, undefined);
});

test("S-TEN-01: another portal's clients are in no listing", async () => {
  const call = await newPortal();
  const other = await newPortal();
  await create(call, 2, () => ({ labels: { team: 'shared' } }));
  for (const query of [{}, { 'label.team': 'shared' }, { state: 'active' }]) {
    assert.deepEqual((await list(other, query)).body, { clients: [] });
  }
});
