/** What Konnect's events do to a client: its name, its redirect URIs, and what it may ask tokens for. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { fetchToken } from '../support/bridge.ts';
import { asPortal, type Call, KONNECT, type Made, stateOf } from '../support/dialects.ts';
import { API, ES256_API, HIDDEN_API } from '../support/domain.ts';
import { domain, type Operated, startOperated } from '../support/operated-service.ts';
import type { TestService } from '../support/service.ts';
import { storeRows } from '../support/store-rows.ts';
import { refuses } from '../support/unwritten.ts';

const SUBSCRIPTION = randomUUID();
const HIDDEN_SUBSCRIPTION = randomUUID();
const RULES = {
  resources: {
    [SUBSCRIPTION]: ES256_API,
    [HIDDEN_SUBSCRIPTION]: HIDDEN_API,
    'orders-audience': API,
  },
};

let giving: Operated;
/** New clients may ask for nothing until an event gives it. */
let withholding: Operated;
before(async () => {
  [giving, withholding] = await Promise.all([
    startOperated({ config: domain({ onEvent: { initial_resources: 'all', ...RULES } }) }),
    startOperated({ config: domain({ onEvent: { initial_resources: 'none', ...RULES } }) }),
  ]);
});
after(() => Promise.all([giving.service.stop(), withholding.service.stop()]));

async function register(service: TestService) {
  const call = asPortal(service);
  const { body } = await call('POST', KONNECT, {
    client_name: 'orders',
    application_description: 'syncs orders',
    redirect_uris: ['https://app.example.com/cb'],
    grant_types: ['client_credentials'],
    scopes: ['read', 'write', 'es:write'],
  });
  return { client: body as Made, tell: teller(call, body.client_id) };
}

/** An event as Konnect's document has it. */
const teller =
  (call: Call, client_id: string) =>
  (event_type: string, members: object = {}) =>
    call('POST', `${KONNECT}/${client_id}/event-hook`, {
      event_type,
      client_id,
      application_id: randomUUID(),
      application_name: 'orders',
      application_description: 'syncs orders',
      portal_id: randomUUID(),
      organization_id: randomUUID(),
      developer_id: randomUUID(),
      auth_strategy_id: randomUUID(),
      dcr_provider_id: randomUUID(),
      owner: { type: 'team', id: randomUUID() },
      ...members,
    });

/** The resources that a token is issued for right now. */
async function opened(service: TestService, client: Made): Promise<string[]> {
  const open: string[] = [];
  for (const resource of [API, ES256_API, HIDDEN_API]) {
    const answer = await fetchToken(service, client, { resource });
    if (answer.status === 200) open.push(resource);
    else assert.equal(answer.body.error, 'invalid_target', answer.text);
  }
  return open;
}

test('a new client may ask for every resource of its portal, or for none', async () => {
  assert.deepEqual(await opened(giving.service, (await register(giving.service)).client), [API, ES256_API]);
  const { client } = await register(withholding.service);
  assert.deepEqual(await opened(withholding.service, client), []);
});

test('an update renames the client, moves its redirect URIs, and leaves what it does not name', async () => {
  const { client, tell } = await register(giving.service);
  const {
    client_name: _,
    redirect_uris: __,
    ...before
  } = (await stateOf(giving.service, client.client_id)) as Record<string, unknown>;
  const moved = await tell('update_application', {
    application_name: 'orders 2',
    redirect_uris: ['*', 'localhost:3000'],
  });
  assert.equal(moved.status, 200);
  assert.deepEqual(await stateOf(giving.service, client.client_id), {
    ...before,
    client_name: 'orders 2',
    redirect_uris: ['*', 'localhost:3000'],
  });
  // The portal's older document has no redirect_uris in the event; nobody asked to take them away.
  assert.equal((await tell('update_application', { application_name: 'orders 3' })).status, 200);
  assert.deepEqual(await stateOf(giving.service, client.client_id), {
    ...before,
    client_name: 'orders 3',
    redirect_uris: ['*', 'localhost:3000'],
  });
  assert.deepEqual(await opened(giving.service, client), [API, ES256_API]);
});

test('an update with a redirect URI that a create would be refused is refused (S-MGT-06)', async () => {
  const { tell } = await register(giving.service);
  await refuses(giving.service, { status: 400, error: 'invalid_redirect_uri' }, () =>
    tell('update_application', { redirect_uris: ['https://ok.example', ' JavaScript:alert(1)'] }),
  );
});

for (const [how, members] of [
  ['its audience, which is the resource', { audience: ES256_API }],
  ['a mapped subscription id', { api_product_version_id: SUBSCRIPTION }],
  ['a mapped subscription id under another name', { api_id: SUBSCRIPTION }],
  ['one of a list of ids', { api_ids: [randomUUID(), SUBSCRIPTION] }],
] as const) {
  test(`access comes and goes with the next token, named by ${how}`, async () => {
    const { client, tell } = await register(withholding.service);
    assert.equal((await tell('add_registration', members)).status, 200);
    assert.deepEqual(await opened(withholding.service, client), [ES256_API]);
    assert.equal((await tell('add_registration', members)).status, 200);
    assert.deepEqual(await opened(withholding.service, client), [ES256_API], 'twice is once');
    assert.equal((await tell('remove_registration', members)).status, 200);
    assert.deepEqual(await opened(withholding.service, client), []);
  });
}

test('access removed leaves the other resources, and a mapped audience finds its resource', async () => {
  const { client, tell } = await register(giving.service);
  await tell('remove_registration', { audience: 'orders-audience' });
  assert.deepEqual(await opened(giving.service, client), [ES256_API]);
  await tell('add_registration', { audience: 'orders-audience' });
  assert.deepEqual(await opened(giving.service, client), [API, ES256_API]);
});

test('an event about an API that is not ours, or that the portal may not use, changes nothing', async () => {
  const { client, tell } = await register(withholding.service);
  for (const members of [
    { audience: 'https://api.example.com/' },
    { audience: 'HTTPS://API.EXAMPLE.COM' },
    { audience: HIDDEN_API },
    { api_product_version_id: HIDDEN_SUBSCRIPTION },
    { api_product_version_id: randomUUID() },
    { audience: 'constructor' },
    { audience: '__proto__' },
    { audience: null },
    {},
  ]) {
    assert.equal((await tell('add_registration', members)).status, 200);
    assert.deepEqual(await opened(withholding.service, client), [], JSON.stringify(members));
  }
  // Nor is it kept for the day when the policy allows it.
  const kept = storeRows(withholding.service).clients?.map((row) => JSON.stringify(row)) ?? [];
  assert.equal(kept.filter((row) => row.includes(client.client_id)).length, 1);
  assert.ok(!kept.some((row) => row.includes(HIDDEN_API)));
});

test('what a developer may write, a name or a description, never gives access', async () => {
  const { client, tell } = await register(withholding.service);
  for (const members of [
    { application_name: API },
    { application_description: ES256_API },
    { client_name: API },
    { redirect_uris: [API, ES256_API] },
    { application_name: SUBSCRIPTION },
    { owner: { type: 'team', id: SUBSCRIPTION } },
  ]) {
    assert.equal((await tell('add_registration', members)).status, 200);
    assert.deepEqual(await opened(withholding.service, client), [], JSON.stringify(members));
  }
});

test("another portal's event is a 404 and moves nothing (S-TEN-01)", async () => {
  const { client } = await register(giving.service);
  const other = asPortal(giving.service, await giving.addPortal('events-other'));
  await refuses(giving.service, { status: 404, error: 'not_found' }, () =>
    teller(other, client.client_id)('remove_registration', { audience: API }),
  );
  assert.deepEqual(await opened(giving.service, client), [API, ES256_API]);
});

test('events at once are all applied: none overwrites another', async () => {
  const { client, tell } = await register(withholding.service);
  const answers = await Promise.all([
    tell('add_registration', { audience: API }),
    tell('add_registration', { audience: ES256_API }),
    tell('update_application', { application_name: 'at once' }),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.deepEqual(await opened(withholding.service, client), [API, ES256_API]);
  const state = (await stateOf(withholding.service, client.client_id)) as { client_name: string };
  assert.equal(state.client_name, 'at once');
});
