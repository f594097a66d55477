/**
 * The calls that portals document, sent as their documents and public sources have them: every member, its
 * spelling, its header. What a portal's own example asks that no service for machines can grant is refused
 * in words that its operator can use.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  asPortal,
  BRIDGE,
  callAs,
  KONNECT,
  LOCAL_REGISTER,
  type Made,
  opens,
  PUBLIC_REGISTER,
  stateOf,
} from '../support/dialects.ts';
import { API } from '../support/domain.ts';
import { domain, type Operated, startOperated } from '../support/operated-service.ts';
import { API_KEY, type TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';
import {
  applicationResponse,
  assertKonnect,
  assertKonnectError,
  secretResponse,
} from './konnect-document.ts';
import { assertClientDocument, assertRegistration } from './strict-client.ts';

let operated: Operated;
let service: TestService;
before(async () => {
  operated = await startOperated({
    config: domain({ portals: { gravitee: { secret_storage: 'recoverable' } } }),
  });
  service = operated.service;
});
after(() => service.stop());

const UUID = '426ac0a7-aeb6-4043-a404-c4bfe24f2705';

/** The newest published shape of `ApplicationPayload`. */
const KONNECT_APPLICATION = {
  redirect_uris: ['https://example.com'],
  client_name: 'test',
  grant_types: ['client_credentials', 'bearer'],
  scopes: ['read'],
  token_endpoint_auth_method: 'client_secret_post',
  application_description: 'disisatest',
  portal_id: UUID,
  organization_id: UUID,
  developer_id: UUID,
  owner: { type: 'developer', id: UUID },
  auth_strategy_id: UUID,
  dcr_provider_id: UUID,
};
const EVENT = {
  client_id: 'id',
  application_id: UUID,
  application_name: 'name',
  application_description: 'description',
  portal_id: UUID,
  organization_id: UUID,
  developer_id: UUID,
  auth_strategy_id: UUID,
  dcr_provider_id: UUID,
};

test('Konnect: create, rotate, the three events and delete, as documented', async () => {
  const call = asPortal(service);
  // With the slash of the document's path `/`, and without.
  for (const base of [`${KONNECT}/`, KONNECT]) {
    const created = await call('POST', base, KONNECT_APPLICATION);
    assertKonnect(created, 201, applicationResponse);
    const at = `${KONNECT}/${created.body.client_id}`;
    // Rotation and deletion carry no body; the portal sends the type with some of them all the same.
    const rotated = await call('POST', `${at}/new-secret`);
    assertKonnect(rotated, 200, secretResponse);
    const typed = await call('POST', `${at}/new-secret`, undefined, { 'content-type': 'application/json' });
    assertKonnect(typed, 200, secretResponse);
    const events = [
      { ...EVENT, event_type: 'update_application', redirect_uris: ['https://example.com/2'] },
      { ...EVENT, event_type: 'update_application' },
      { ...EVENT, event_type: 'add_registration', api_product_version_id: UUID, audience: 'audience' },
      { ...EVENT, event_type: 'add_registration', api_product_version_id: UUID },
      { ...EVENT, event_type: 'remove_registration', api_product_version_id: UUID, audience: API },
    ];
    for (const event of events) {
      assert.equal((await call('POST', `${at}/event-hook`, event)).status, 200, event.event_type);
    }
    const kept = (await stateOf(service, created.body.client_id)) as Record<string, unknown>;
    assert.equal(kept.client_name, 'name');
    assert.deepEqual(kept.redirect_uris, ['https://example.com/2']);
    assert.equal(kept.dcr_provider_id, UUID, 'members of later versions are kept');
    const json = { 'content-type': 'application/json' };
    assert.equal((await call('DELETE', at, undefined, json)).status, 204);
  }
});

test("Konnect: its example's grants for people are refused by name, and nothing is created", async () => {
  const grant_types = ['authorization_code', 'refresh_token', 'implicit'];
  const answer = await refuses(
    service,
    { status: 400, error: 'invalid_client_metadata', says: /grant_types.*client_credentials/ },
    () => asPortal(service)('POST', KONNECT, { ...KONNECT_APPLICATION, grant_types }),
  );
  assert.ok(!answer.text.includes('implicit'), 'no received value is echoed');
});

test('Konnect: its example of a wrong payload, one without redirect URIs, creates nothing', async () => {
  const { redirect_uris: _, ...wrong } = KONNECT_APPLICATION;
  const answer = await refuses(
    service,
    { status: 400, error: 'invalid_client_metadata', says: /^redirect_uris: / },
    () => asPortal(service)('POST', KONNECT, wrong),
  );
  assertKonnectError(answer, 400);
});

test('Konnect: its examples of a wrong key and of wrong events are refused', async () => {
  const call = asPortal(service);
  const { body } = await call('POST', KONNECT, KONNECT_APPLICATION);
  const at = `${KONNECT}/${body.client_id}`;
  const nobody = callAs(service, {});
  for (const act of [
    () => nobody('POST', `${KONNECT}/`, KONNECT_APPLICATION),
    () => nobody('DELETE', at, undefined, { 'content-type': 'application/json' }),
    () => nobody('POST', `${at}/new-secret`),
    () => nobody('POST', `${at}/event-hook`, { ...EVENT, event_type: 'update_application' }),
  ]) {
    assertKonnectError(await refuses(service, { status: 401, error: 'unauthorized' }, act), 401);
  }
  await refuses(service, { status: 400, error: 'invalid_client_metadata', says: /event_type/ }, () =>
    call('POST', `${at}/event-hook`, EVENT),
  );
});

test('API7: its own tests register * and move to localhost, and Regenerate ends the old secret', async () => {
  const call = asPortal(service);
  const created = await call('POST', `${BRIDGE}/`, {
    name: 'order sync',
    desc: 'made in the portal',
    redirect_uris: ['*'],
    grant_types: ['client_credentials', 'session'],
    application_type: 'backend_to_backend',
    developer_id: UUID,
    scopes: null,
  });
  assert.equal(created.status, 201, created.text);
  assertClientDocument(created);
  assert.equal(created.body.application_type, 'backend_to_backend');
  const at = `${BRIDGE}/${created.body.client_id}`;
  const updated = await call('PUT', `${at}/`, { redirect_uris: ['localhost:3000'] });
  assert.deepEqual(updated.body.redirect_uris, ['localhost:3000']);
  assert.equal(updated.body.client_name, 'order sync');
  const rotated = await call('POST', `${at}/rotate-secret`, undefined, {
    'content-type': 'application/json',
  });
  assertClientDocument(rotated);
  assert.equal(await opens(service, created.body.client_id, created.body.client_secret), false);
  assert.equal(await opens(service, created.body.client_id, rotated.body.client_secret), true);
  assert.equal((await call('DELETE', at)).status, 204);
});

test('API7: nothing at all is enough for a client', async () => {
  const created = await asPortal(service)('POST', BRIDGE, {});
  assert.equal(created.status, 201);
  assertClientDocument(created);
});

test('Gravitee: register with nulls, update with the client_id, renew without a body, record by record', async () => {
  const key = await operated.addPortal('gravitee');
  const bearer = (token: string) =>
    callAs(service, { authorization: `Bearer ${token}`, accept: 'application/json' });
  const json = { 'content-type': 'application/json; charset=UTF-8' };
  // Its mapper writes every member it knows, and null for those it has nothing for.
  const request = {
    redirect_uris: ['https://app.example.com/cb'],
    client_name: 'gravitee app',
    client_uri: null,
    logo_uri: null,
    scope: 'read write',
    contacts: null,
    tos_uri: null,
    policy_uri: null,
    jwks_uri: null,
    software_id: null,
    software_version: null,
    application_type: 'backend_to_backend',
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: null,
    request_uris: null,
    initiate_login_uri: null,
  };
  const registered = await bearer(key)('POST', PUBLIC_REGISTER, request, json);
  assert.equal(registered.status, 201, registered.text);
  assertRegistration(registered);
  // It keeps what came last, whole, and works from that alone.
  let record = registered.body;
  const update = await bearer(record.registration_access_token)(
    'PUT',
    record.registration_client_uri,
    { ...request, client_id: record.client_id, client_name: 'renamed' },
    json,
  );
  assert.equal(update.status, 200, update.text);
  assertRegistration(update);
  assert.equal(update.body.client_secret, record.client_secret, 'recoverable');
  record = update.body;
  for (const method of ['POST', 'PUT', 'PATCH']) {
    const before = record.client_secret;
    const renewed = await bearer(record.registration_access_token)(
      method,
      `${record.registration_client_uri}/renew-secret`,
    );
    assert.equal(renewed.status, 200, renewed.text);
    assertRegistration(renewed);
    assert.equal(renewed.body.client_name, 'renamed');
    record = renewed.body;
    assert.equal(await opens(service, record.client_id, before), false, method);
    assert.equal(await opens(service, record.client_id, record.client_secret), true, method);
  }
});

test('MuleSoft and WSO2: one static Authorization at {endpoint}/{client_id}, and explicit nulls', async () => {
  for (const authorization of [`Bearer ${API_KEY}`, `Basic ${btoa(`portal:${API_KEY}`)}`]) {
    const call = callAs(service, { authorization });
    const created = await call('POST', PUBLIC_REGISTER, {
      client_name: 'mule',
      redirect_uris: [],
      grant_types: ['client_credentials'],
      client_uri: null,
      ext_param_owner: null,
    });
    assert.equal(created.status, 201, created.text);
    assertRegistration(created);
    const at = `${PUBLIC_REGISTER}/${created.body.client_id}`;
    assertRegistration(await call('GET', at));
    const updated = await call('PUT', at, { client_name: 'mule 2', grant_types: null, contacts: null });
    assert.equal(updated.body.client_name, 'mule 2');
    assert.equal((await call('DELETE', at)).status, 204);
  }
});

test('Tyk: a registration with the key as initial access token, read and deleted by the token it got', async () => {
  const call = callAs(service, { authorization: `Bearer ${API_KEY}` });
  const created = await call('POST', LOCAL_REGISTER, {
    client_name: 'tyk app',
    redirect_uris: ['https://portal.example.com/login-callback'],
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_post',
    scope: 'read',
  });
  assertRegistration(created);
  const { client_id, registration_access_token } = created.body as Made;
  const own = callAs(service, { authorization: `Bearer ${registration_access_token}` });
  assertRegistration(await own('GET', `${LOCAL_REGISTER}/${client_id}`));
  assert.equal((await own('DELETE', `${LOCAL_REGISTER}/${client_id}`)).status, 204);
});

test("a client may ask for an MCP server's metadata: what it can't have is refused, not half granted", async () => {
  const wanted = {
    client_name: 'mcp client',
    redirect_uris: ['http://127.0.0.1:33418/'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  await refuses(
    service,
    { status: 400, error: 'invalid_client_metadata', says: /grant_types.*token_endpoint_auth_method/ },
    () => callAs(service, { authorization: `Bearer ${API_KEY}` })('POST', PUBLIC_REGISTER, wanted),
  );
});
