/** Strict clients of every dialect are served: types, members and headers, in every answer they can get. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  asPortal,
  BRIDGE,
  bearing,
  type Call,
  KONNECT,
  LEAST,
  LOCAL_REGISTER,
  PUBLIC_REGISTER,
} from '../support/dialects.ts';
import { type Operated, startOperated } from '../support/operated-service.ts';
import { assertPlainHeaders } from '../support/refusal.ts';
import { API_KEY, type TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';
import {
  applicationResponse,
  assertKonnect,
  assertKonnectError,
  assertNoTimes,
  secretListResponse,
  secretResponse,
  secretWithIdResponse,
} from './konnect-document.ts';
import { assertClientDocument, assertNotKept, assertRegistration } from './strict-client.ts';

let operated: Operated;
let service: TestService;
let call: Call;
before(async () => {
  operated = await startOperated();
  service = operated.service;
  call = asPortal(service);
});
after(() => service.stop());

test('HTTP Bridge: create, read, update, rotate and list answer the one client document', async () => {
  const created = await call('POST', BRIDGE, { scopes: ['read', 'write'], redirect_uris: null });
  const { client_id } = created.body;
  assertNotKept(created);
  assertClientDocument(created);
  assertClientDocument(await call('GET', `${BRIDGE}/${client_id}`));
  assertClientDocument(await call('PUT', `${BRIDGE}/${client_id}`, { name: 'n' }));
  const rotated = await call('POST', `${BRIDGE}/${client_id}/rotate-secret`);
  assertNotKept(rotated);
  assertClientDocument(rotated);
  const { clients } = (await call('GET', BRIDGE)).body;
  for (const body of clients) assertClientDocument({ ...created, body });
  const added = await call('POST', `${BRIDGE}/${client_id}/secrets`);
  assertNotKept(added);
  assert.deepEqual(Object.keys(added.body).sort(), [
    'client_id',
    'client_secret',
    'created_at',
    'expires_at',
    'secret_id',
    'status',
  ]);
  assert.ok(Number.isInteger(added.body.created_at) && added.body.expires_at === 0);
});

test('HTTP Bridge: no answer but that of the act which made it has the secret (S-MGT-12)', async () => {
  const { body: client } = await call('POST', BRIDGE, {});
  const at = `${BRIDGE}/${client.client_id}`;
  for (const answer of [
    await call('GET', at),
    await call('PUT', at, { name: 'n' }),
    await call('GET', `${at}/secrets`),
    await call('GET', `${BRIDGE}?limit=100`),
    await call('GET', `${KONNECT}/${client.client_id}/secrets`),
    await bearing(service, API_KEY)('GET', `${PUBLIC_REGISTER}/${client.client_id}`),
  ]) {
    assert.equal(answer.status, 200, answer.text);
    assert.ok(!answer.text.includes(client.client_secret));
    assert.ok(!answer.text.includes('"client_secret"') && !answer.text.includes('"hash"'));
  }
});

test('Konnect: every answer is what its published document says, and has nothing else', async () => {
  const created = await call('POST', KONNECT, { client_name: 'n', redirect_uris: ['*'], x: 1 });
  assertKonnect(created, 201, applicationResponse);
  // The document and Kong's own handler differ over these: whoever is strict, either way, is served.
  assertNoTimes(created);
  assertNotKept(created);
  const at = `${KONNECT}/${created.body.client_id}`;
  const renewed = await call('POST', `${at}/new-secret`);
  assertKonnect(renewed, 200, secretResponse);
  assertNotKept(renewed);
  const before = Date.now();
  const added = await call('POST', `${at}/secrets`);
  assertKonnect(added, 201, secretWithIdResponse);
  assertNotKept(added);
  assert.ok(Math.abs(Date.parse(added.body.created_at) - before) < 60_000);
  const listed = await call('GET', `${at}/secrets`);
  assertKonnect(listed, 200, secretListResponse);
  const { secrets } = listed.body;
  assert.deepEqual(
    secrets.map(({ status }: { status: string }) => status),
    ['ACTIVE', 'ACTIVE'],
  );
  assert.deepEqual(
    [secrets[0].secret_id, secrets[0].created_at],
    [added.body.secret_id, added.body.created_at],
  );
  for (const path of [`${at}/secrets/${added.body.secret_id}`, at]) {
    const deleted = await call('DELETE', path);
    assert.equal(deleted.status, 204);
    assert.equal(deleted.text, '');
  }
});

test('Konnect: a probe makes no client, and is told everything that is missing or wrong', async () => {
  const invalid = { status: 400, error: 'invalid_client_metadata' };
  const rows: readonly (readonly [body: unknown, says: RegExp])[] = [
    [{}, /^client_name: .*; redirect_uris: /],
    [{ probe: true }, /^client_name: .*; redirect_uris: /],
    [{ client_name: 'n' }, /^redirect_uris: is required$/],
    [{ redirect_uris: [] }, /^client_name: is required$/],
    [{ client_name: '', redirect_uris: [] }, /^client_name: must have at least 1 character$/],
    [{ client_name: null, redirect_uris: null }, /^client_name: must be of type string$/],
    [{ client_name: 7, redirect_uris: 'https://a.example' }, /^client_name: .*; redirect_uris: /],
    [{ client_name: 'n', redirect_uris: [7], labels: { team: 7 } }, /redirect_uris\[0\]: .*; labels\.team: /],
    [{ ...LEAST, portal_id: 7 }, /^portal_id: must be of type string$/],
  ];
  for (const [body, says] of rows) {
    const answer = await refuses(service, { ...invalid, says }, () => call('POST', KONNECT, body));
    assertKonnectError(answer, 400);
  }
});

test('Konnect: what an older or a newer version sends is taken, too', async () => {
  for (const body of [
    LEAST,
    { client_name: 'n', redirect_uris: null, grant_types: null, scopes: null, portal_id: null },
    { ...LEAST, grant_types: ['bearer'], owner: { type: 'team', id: 'x' }, of_next_year: [{ a: 1 }] },
  ]) {
    assertKonnect(await call('POST', KONNECT, body), 201, applicationResponse);
  }
});

test('Konnect: every refusal has error and error_description, says something, and writes nothing', async () => {
  const { body: client } = await call('POST', KONNECT, LEAST);
  const at = `${KONNECT}/${client.client_id}`;
  const { secrets } = (await call('GET', `${at}/secrets`)).body;
  const json = { 'content-type': 'application/json' };
  const without = bearing(service, 'dcrk_nobody');
  type Row = readonly [status: number, error: string, act: () => ReturnType<Call>];
  const rows: readonly Row[] = [
    [401, 'unauthorized', () => without('POST', KONNECT, { client_name: 'x' })],
    [401, 'unauthorized', () => without('POST', `${at}/event-hook`, { event_type: 'add_registration' })],
    [400, 'invalid_request', () => call('POST', KONNECT)],
    [400, 'invalid_request', () => call('POST', KONNECT, '[]')],
    [400, 'invalid_request', () => call('POST', KONNECT, '{"client_name":')],
    [415, 'unsupported_media_type', () => call('POST', KONNECT, 'a=b', { 'content-type': 'text/plain' })],
    [413, 'request_too_large', () => call('POST', KONNECT, JSON.stringify({ x: 'x'.repeat(40_000) }))],
    [400, 'invalid_client_metadata', () => call('POST', KONNECT, { ...LEAST, grant_types: ['password'] })],
    [400, 'invalid_client_metadata', () => call('POST', KONNECT, { ...LEAST, scopes: ['admin'] })],
    [400, 'invalid_client_metadata', () => call('POST', KONNECT, { client_name: 7, scopes: 'x y' })],
    [
      400,
      'invalid_redirect_uri',
      () => call('POST', KONNECT, { ...LEAST, redirect_uris: ['javascript:alert(1)'] }),
    ],
    [400, 'invalid_client_metadata', () => call('POST', `${at}/event-hook`, {})],
    [400, 'invalid_client_metadata', () => call('POST', `${at}/event-hook`, { event_type: 'explode' })],
    [400, 'invalid_request', () => call('POST', `${at}/event-hook`)],
    [404, 'not_found', () => call('POST', `${KONNECT}/cl_unknown/new-secret`)],
    [404, 'not_found', () => call('DELETE', `${KONNECT}/cl_unknown`)],
    [404, 'not_found', () => call('GET', `${KONNECT}/cl_unknown/secrets`)],
    [404, 'not_found', () => call('POST', '/konnect/elsewhere', LEAST)],
    [404, 'not_found', () => call('DELETE', `${at}/secrets/sec_unknown`)],
    [409, 'conflict', () => call('DELETE', `${at}/secrets/${secrets[0].secret_id}`)],
    [405, 'method_not_allowed', () => call('PUT', at, {}, json)],
    [404, 'not_found', () => call('GET', `${at}/new-secret/more`)],
  ];
  for (const [status, error, act] of rows) {
    assertKonnectError(await refuses(service, { status, error }, act), status);
  }
});

for (const base of [PUBLIC_REGISTER, LOCAL_REGISTER]) {
  test(`${base}: every answer is the complete registration`, async () => {
    const created = await call('POST', base, { redirect_uris: ['https://a.example/cb'] });
    assert.equal(created.status, 201);
    assertRegistration(created);
    const at = `${base}/${created.body.client_id}`;
    const { registration_access_token } = created.body;
    const bearer = bearing(service, registration_access_token);
    const answers = [
      await bearer('GET', at),
      await bearer('PUT', at, { client_name: 'n' }),
      await bearer('POST', `${at}/renew-secret`),
      await bearer('PUT', `${at}/renew-secret`),
      await bearer('PATCH', `${at}/renew-secret`),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 200, answer.text);
      assertRegistration(answer);
      assertPlainHeaders(answer);
      assert.equal(answer.body.registration_access_token, registration_access_token);
      assert.equal(answer.body.registration_client_uri, created.body.registration_client_uri);
    }
    assert.equal(
      new Set(answers.map(({ body }) => body.client_secret)).size,
      4,
      'three renewed, two without',
    );
  });
}
