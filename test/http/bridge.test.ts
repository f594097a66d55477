/** The HTTP Bridge as its contract has it, over real HTTP: what succeeds, and exactly how it looks. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Answer, fetchToken, portal, send } from '../support/bridge.ts';
import { addPortals, DOMAIN } from '../support/domain.ts';
import { eventually } from '../support/eventually.ts';
import { assertPlainHeaders, assertRefusal } from '../support/refusal.ts';
import { API_KEY, newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { storeRows } from '../support/store-rows.ts';

let service: TestService;
let keys: Record<'overlapping' | 'defaulting' | 'wide', string>;
before(async () => {
  const kek = newKeyEncryptionKey();
  service = await startService({ config: DOMAIN, env: { KEY_ENCRYPTION_KEY: kek } });
  keys = await addPortals(service, kek, 'overlapping', 'defaulting', 'wide');
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

function assertSecretHeaders(answer: Answer): void {
  assertPlainHeaders(answer);
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  // S-DCR-31.
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(answer.headers.get('pragma'), 'no-cache');
  assert.equal(answer.headers.get('etag'), null);
}

/** A document of a whole life: with the secret where one is stated, and without it everywhere else. */
async function created(body: unknown = { scope: 'read write' }, key = API_KEY) {
  const answer = await portal(service, { key }).create(body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

test('create answers 201 with the whole client document and its secret', async () => {
  const began = Math.floor(Date.now() / 1000);
  const answer = await portal(service).create({
    client_name: 'Zoë 🦉',
    description: 'orders of the shop',
    redirect_uris: ['*', 'localhost:3000', 'https://app.example/cb'],
    scope: 'read',
    labels: { application_id: 'app-7' },
    contacts: ['ops@example.com'],
    client_uri: 'https://app.example',
    application_type: 'backend_to_backend',
    dcr_provider_id: { nested: [1, null, 'x'] },
  });
  assert.equal(answer.status, 201);
  assertSecretHeaders(answer);
  const { client_id, client_secret, client_id_issued_at, ...rest } = answer.body;
  assert.match(client_id, /^cl_[0-9A-Za-z]{22}$/);
  assert.match(client_secret, /^dcrs_[0-9A-Za-z]{43}$/);
  assert.ok(Number.isInteger(client_id_issued_at));
  assert.ok(client_id_issued_at >= began && client_id_issued_at <= began + 5);
  assert.deepEqual(rest, {
    client_secret_expires_at: 0,
    client_name: 'Zoë 🦉',
    description: 'orders of the shop',
    redirect_uris: ['*', 'localhost:3000', 'https://app.example/cb'],
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'read',
    labels: { application_id: 'app-7' },
    contacts: ['ops@example.com'],
    client_uri: 'https://app.example',
    application_type: 'backend_to_backend',
    dcr_provider_id: { nested: [1, null, 'x'] },
    issuer: service.issuer,
  });
});

test('read answers the same document without the secret', async () => {
  const { client_secret, ...document } = await created({
    client_name: 'orders',
    scope: 'read',
    plan: 'gold',
  });
  const answer = await portal(service).read(document.client_id);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, document);
  assert.ok(!answer.text.includes(client_secret));
  assertPlainHeaders(answer);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const head = await send(`${service.managementUrl}/bridge/local/clients/${document.client_id}`, {
    method: 'HEAD',
    headers: { 'x-api-key': API_KEY },
  });
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.equal(head.headers.get('content-length'), answer.headers.get('content-length'));
});

test('what a portal may send, down to an empty object, makes a client', async () => {
  const bodies: readonly unknown[] = [
    {},
    { client_name: null, scope: null, redirect_uris: null, labels: null },
    { name: 'by alias', desc: 'text', scopes: ['read', 'write'] },
    { grant_types: ['bearer', 'session'], application_type: 'anything' },
    { redirect_uris: [], response_types: ['code'] },
    { token_endpoint_auth_method: 'client_secret_post', scope: '' },
  ];
  for (const body of bodies) {
    const document = await created(body);
    assert.deepEqual(document.grant_types, ['client_credentials']);
    assert.deepEqual(document.response_types, []);
    assert.equal(typeof document.scope, 'string');
    assert.ok(Array.isArray(document.redirect_uris));
    assert.ok(document.client_secret.length > 0);
  }
});

test('S-DCR-05, S-DCR-06: what only the server may set is not honoured', async () => {
  const chosen = {
    client_id: 'cl_0000000000000000000000',
    client_secret: 'chosen-by-the-caller',
    client_id_issued_at: 1,
    client_secret_expires_at: 1,
    registration_access_token: 'chosen-by-the-caller',
    registration_client_uri: 'https://evil.example/',
    issuer: 'https://evil.example',
  };
  const document = await created(chosen);
  for (const [member, value] of Object.entries(chosen)) assert.notEqual(document[member], value, member);
  assert.equal((await portal(service).read(chosen.client_id)).status, 404);
  assert.ok(!JSON.stringify(storeRows(service)).includes('chosen-by-the-caller'));
  const updated = await portal(service).update(document.client_id, chosen);
  assert.equal(updated.status, 200);
  const { client_secret: _, ...without } = document;
  assert.deepEqual(updated.body, without);
});

test('S-DCR-09: a client that asks for no scope has none, or its portal’s default', async () => {
  assert.equal((await created({})).scope, '');
  assert.equal((await created({}, keys.defaulting)).scope, 'read');
  assert.equal((await created({ scope: '' }, keys.defaulting)).scope, '');
});

test('update merges, answers the whole document without a secret, and the secret keeps working', async () => {
  const document = await created({
    client_name: 'a',
    scope: 'read write',
    labels: { a: '1', b: '2' },
    plan: 'x',
  });
  const answer = await portal(service).update(document.client_id, {
    name: 'b',
    labels: { a: '3' },
    scope: 'read',
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const { client_secret, ...before } = document;
  assert.deepEqual(answer.body, { ...before, client_name: 'b', labels: { a: '3' }, scope: 'read' });
  assert.deepEqual((await portal(service).read(document.client_id)).body, answer.body);
  assert.equal((await fetchToken(service, document)).status, 200);
  const again = await portal(service).update(document.client_id, {
    name: 'b',
    labels: { a: '3' },
    scope: 'read',
  });
  assert.deepEqual(again.body, answer.body, 'the same update again changes nothing');
  assert.ok(!answer.text.includes(client_secret));
});

test("API7's own road: register with * as redirect URI, update it to localhost:3000", async () => {
  const document = await created({ client_name: 'app', redirect_uris: ['*'] });
  const answer = await portal(service).update(document.client_id, { redirect_uris: ['localhost:3000'] });
  assert.deepEqual(answer.body.redirect_uris, ['localhost:3000']);
});

test('rotate answers the document with a new secret; the old one stops at once', async () => {
  const document = await created();
  for (const body of [undefined, {}, { secret_overlap_seconds: null }]) {
    const answer = await portal(service).rotate(document.client_id, body);
    assert.equal(answer.status, 200, answer.text);
    assertSecretHeaders(answer);
    assert.notEqual(answer.body.client_secret, document.client_secret);
    assert.deepEqual({ ...answer.body, client_secret: '' }, { ...document, client_secret: '' });
    assert.equal((await fetchToken(service, document)).status, 401);
    assert.equal((await fetchToken(service, answer.body)).status, 200);
  }
});

test('rotate takes an empty body of any kind', async () => {
  const { client_id } = await created();
  const url = `${service.managementUrl}/bridge/local/clients/${client_id}/rotate-secret`;
  for (const headers of [{}, { 'content-type': 'application/json' }, { 'content-type': 'text/plain' }]) {
    const answer = await send(url, { method: 'POST', headers: { 'x-api-key': API_KEY, ...headers } });
    assert.equal(answer.status, 200, answer.text);
  }
});

test('S-MGT-15: with an overlap the old secret works on until the announced instant, two at most', async () => {
  const { overlapping: key } = keys;
  const document = await created({ scope: 'read' }, key);
  const second = await portal(service, { key }).rotate(document.client_id);
  for (const credentials of [document, second.body]) {
    assert.equal((await fetchToken(service, credentials)).status, 200);
  }
  const third = await portal(service, { key }).rotate(document.client_id);
  const statuses = await Promise.all(
    [document, second.body, third.body].map(async (each) => (await fetchToken(service, each)).status),
  );
  assert.deepEqual(statuses, [401, 200, 200]);
  const last = await portal(service, { key }).rotate(document.client_id, { secret_overlap_seconds: 0 });
  assert.equal((await fetchToken(service, third.body)).status, 401, 'a request may shorten the overlap');
  assert.equal((await fetchToken(service, last.body)).status, 200);
});

test('a request can not have an overlap that its portal may not: it is refused, and the secret stays', async () => {
  const document = await created();
  const refused = await portal(service).rotate(document.client_id, { secret_overlap_seconds: 3600 });
  assert.equal(refused.status, 400);
  assert.equal(refused.body.error, 'invalid_client_metadata');
  assert.match(refused.body.error_description, /secret_overlap_seconds: must be at most 0,/);
  assert.equal((await fetchToken(service, document)).status, 200);
});

test('delete answers 204 without a body, and again when it is repeated', async () => {
  const document = await created();
  for (const attempt of [1, 2, 3]) {
    const answer = await portal(service).delete(document.client_id);
    assert.deepEqual([answer.status, answer.text], [204, ''], `attempt ${attempt}`);
    assert.equal(answer.headers.get('content-type'), null);
    assertPlainHeaders(answer);
  }
  assert.equal((await portal(service).read(document.client_id)).status, 404);
  assert.equal((await fetchToken(service, document)).status, 401);
});

test('every path works with a trailing slash and without', async () => {
  const document = await created();
  const base = `${service.managementUrl}/bridge/local/clients`;
  const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
  const call = async (method: string, path: string, body?: string) =>
    (await send(base + path, { method, headers, ...(body === undefined ? {} : { body }) })).status;
  const path = `/${document.client_id}`;
  assert.equal(await call('POST', '/', '{}'), 201);
  assert.equal(await call('GET', `${path}/`), 200);
  assert.equal(await call('PUT', `${path}/`, '{}'), 200);
  assert.equal(await call('POST', `${path}/rotate-secret/`), 200);
  assert.equal(await call('DELETE', `${path}/`), 204);
});

const CREDENTIALS: readonly (readonly [string, (key: string) => Record<string, string>])[] = [
  ['X-API-KEY', (key) => ({ 'X-API-KEY': key })],
  ['Bearer', (key) => ({ authorization: `Bearer ${key}` })],
  ['Bearer in lower case', (key) => ({ authorization: `bearer ${key}` })],
  ['Basic, key as password', (key) => ({ authorization: `Basic ${btoa(`portal:${key}`)}` })],
  ['Basic without a user', (key) => ({ authorization: `Basic ${btoa(`:${key}`)}` })],
  ['the same key twice', (key) => ({ 'x-api-key': key, authorization: `Bearer ${key}` })],
];

for (const [name, headersOf] of CREDENTIALS) {
  test(`the API key may come as ${name}`, async () => {
    const answer = await send(`${service.managementUrl}/bridge/local/clients`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headersOf(API_KEY) },
      body: '{}',
    });
    assert.equal(answer.status, 201, answer.text);
  });
}

test('a JSON body may be called application/json with a charset, or any +json', async () => {
  for (const type of [
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'application/merge-patch+json',
  ]) {
    const answer = await send(`${service.managementUrl}/bridge/local/clients`, {
      method: 'POST',
      headers: { 'x-api-key': API_KEY, 'content-type': type },
      body: '{}',
    });
    assert.equal(answer.status, 201, type);
  }
});

test('S-MGT-23: what one portal registers, no other sees, whatever the request says of a portal', async () => {
  const document = await created({ client_name: 'mine' });
  const foreign = await send(
    `${service.managementUrl}/bridge/local/clients/${document.client_id}?portal=test`,
    {
      headers: { 'x-api-key': keys.wide, 'x-portal': 'test', 'x-tenant': 'test' },
    },
  );
  assert.equal(foreign.status, 404);
  const made = await created({ client_name: 'theirs', portal: 'test', tenant: 'test' }, keys.wide);
  assert.equal((await portal(service).read(made.client_id)).status, 404, 'S-TEN-02');
  assert.equal((await portal(service, { key: keys.wide }).read(made.client_id)).status, 200);
});

test('clients registered at the same time are as many as were acknowledged, each with its own id', async () => {
  const count = 40;
  const before = storeRows(service).clients?.length ?? 0;
  const made = await Promise.all(
    Array.from({ length: count }, (_, index) => created({ client_name: `c${index}` })),
  );
  assert.equal(new Set(made.map(({ client_id }) => client_id)).size, count);
  assert.equal(new Set(made.map(({ client_secret }) => client_secret)).size, count);
  assert.equal(storeRows(service).clients?.length, before + count);
});

test('S-RACE-01, S-RACE-05: whatever races with a delete, the client stays deleted and gets no token', async () => {
  const { update, rotate, delete: remove, read } = portal(service);
  for (let round = 0; round < 20; round += 1) {
    const document = await created();
    const id = document.client_id;
    const racing = [
      update(id, { client_name: 'alive' }),
      remove(id),
      rotate(id),
      update(id, { scope: '' }),
      rotate(id),
    ];
    for (const { status } of await Promise.all(racing))
      assert.ok([200, 204, 404, 409].includes(status), `${status}`);
    assert.equal((await read(id)).status, 404);
    assert.equal((await fetchToken(service, document)).status, 401);
  }
});

test('S-RACE-03: of rotations at the same moment the last one counts, and one secret works', async () => {
  const document = await created();
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => portal(service).rotate(document.client_id)),
  );
  const rotated = answers.filter(({ status }) => status === 200);
  for (const { status } of answers) assert.ok([200, 409].includes(status), `${status}`);
  const working = await Promise.all(
    rotated.map(async ({ body }) => (await fetchToken(service, body)).status),
  );
  assert.deepEqual(working.sort(), [200, ...Array(rotated.length - 1).fill(401)]);
});

test('a key may come in a header that its own portal names, and in no header that only another names', async () => {
  const domain = {
    resources: { 'https://api.example.com': { scopes: ['read'] } },
    default_resource: 'https://api.example.com',
    providers: { local: { type: 'local' } },
    portals: {
      '*': { providers: ['local'] },
      test: { api_key_headers: ['x-portal-key', 'x-other'] },
      neighbour: { api_key_headers: ['x-neighbour-key'] },
    },
  };
  const named = await startService({ config: domain });
  const url = `${named.managementUrl}/bridge/local/clients`;
  const create = (headers: Record<string, string>) =>
    send(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' });
  for (const name of ['X-Portal-Key', 'x-other', 'x-api-key']) {
    assert.equal((await create({ [name]: API_KEY })).status, 201, name);
  }
  assert.equal(
    (await create({ 'x-portal-key': API_KEY, 'x-api-key': API_KEY })).status,
    201,
    'one key, twice',
  );
  const before = storeRows(named);
  const unknown = await create({ 'x-neighbour-key': `${API_KEY}0` });
  for (const headers of [
    { 'x-neighbour-key': API_KEY },
    { 'x-neighbour-key': API_KEY, 'x-portal-key': API_KEY },
    { 'x-neighbour-key': API_KEY, 'x-api-key': API_KEY },
  ]) {
    const answer = await create(headers);
    assertRefusal(answer, { status: 401, error: 'unauthorized' });
    assert.equal(answer.body.error_description, unknown.body.error_description, 'like a key that is unknown');
  }
  assert.equal((await create({ 'x-portal': API_KEY })).status, 401, 'a header that nobody names');
  assert.equal((await create({ 'x-portal-key': API_KEY, 'x-other': `${API_KEY}0` })).status, 400);
  assert.deepEqual(storeRows(named), before);
  assert.ok(!named.output.join('\n').includes(API_KEY));
  assert.equal(await named.stop(), 0);
});

test('S-LOG-10: every act of a portal is one line in the log: who, what, on which client, with what outcome', async () => {
  const document = await created();
  await portal(service).update(document.client_id, {});
  await portal(service).rotate(document.client_id);
  await portal(service).update(document.client_id, { scope: 'admin' });
  await portal(service).delete(document.client_id);
  const one = '/bridge/:provider/clients/:client_id';
  const expected = [
    ['test', 'POST', '/bridge/:provider/clients', 201, undefined],
    ['test', 'PUT', one, 200, undefined],
    ['test', 'POST', `${one}/rotate-secret`, 200, undefined],
    ['test', 'PUT', one, 400, 'metadata_invalid'],
    ['test', 'DELETE', one, 204, undefined],
  ];
  await eventually(async () => {
    const lines = service.output
      .filter((line) => line.includes(document.client_id))
      .map((line) => JSON.parse(line))
      .map(({ portal, method, route, status, reason }) => [portal, method, route, status, reason]);
    assert.deepEqual(lines, expected);
  }, 2000);
});
