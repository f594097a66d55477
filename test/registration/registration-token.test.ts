/** RFC 7592: who may manage a registration, with what, and what an update may do to it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fetchToken } from '../support/bridge.ts';
import {
  asPortal,
  BRIDGE,
  bearing,
  type Call,
  callAs,
  LOCAL_REGISTER,
  opens,
  PUBLIC_REGISTER,
  stateOf,
} from '../support/dialects.ts';
import { eventually } from '../support/eventually.ts';
import { domain, type Operated, startOperated } from '../support/operated-service.ts';
import { openExchange, rawRequest } from '../support/raw-http.ts';
import { API_KEY, type TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';

const MANAGEMENT_URL = 'https://bridge.internal.example.com/base';

let operated: Operated;
let service: TestService;
let call: Call;
let nobody: Call;
before(async () => {
  operated = await startOperated({
    config: { ...domain({}), management_url: MANAGEMENT_URL },
  });
  service = operated.service;
  call = asPortal(service);
  nobody = callAs(service, {});
});
after(() => service.stop());

const INVALID_TOKEN = {
  status: 401,
  error: 'invalid_token',
  headers: { 'www-authenticate': /^Bearer/ },
};
const UNAUTHORIZED = { status: 401, error: 'unauthorized', headers: { 'www-authenticate': /Bearer/ } };
const INVALID = { status: 400, error: 'invalid_client_metadata' };

async function register(body: object = {}, base = PUBLIC_REGISTER) {
  const answer = await call('POST', base, body);
  assert.equal(answer.status, 201, answer.text);
  const { client_id, client_secret, registration_access_token: token } = answer.body;
  return {
    id: client_id as string,
    secret: client_secret as string,
    token: token as string,
    at: `${base}/${client_id}`,
    by: bearing(service, token),
    answer,
  };
}

/** Every way to manage a registration. */
const acts = (by: Call, at: string) => [
  () => by('GET', at),
  () => by('PUT', at, { client_name: 'taken over' }),
  () => by('POST', `${at}/renew-secret`),
  () => by('PUT', `${at}/renew-secret`),
  () => by('PATCH', `${at}/renew-secret`),
  () => by('DELETE', at),
];

test('S-DCR-32, L-02: registration_client_uri is of the configuration, never of the request', async () => {
  const forged = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-prefix': '/evil',
    forwarded: 'host=evil.example;proto=https',
    'x-original-url': '/evil',
  };
  const own = await call('POST', PUBLIC_REGISTER, {}, forged);
  assert.equal(own.body.registration_client_uri, `${service.issuer}/oauth2/register/${own.body.client_id}`);
  const local = await call('POST', LOCAL_REGISTER, {}, forged);
  const localUri = `${MANAGEMENT_URL}/register/local/${local.body.client_id}`;
  assert.equal(local.body.registration_client_uri, localUri);
  for (const [{ body }, base] of [
    [own, PUBLIC_REGISTER],
    [local, LOCAL_REGISTER],
  ] as const) {
    const by = bearing(service, body.registration_access_token);
    for (const answer of [
      await by('GET', `${base}/${body.client_id}`, undefined, forged),
      await by('PUT', `${base}/${body.client_id}`, {}, forged),
    ]) {
      assert.equal(answer.body.registration_client_uri, body.registration_client_uri);
      assert.ok(!answer.text.includes('evil'));
    }
  }
});

test('S-DCR-32: a host that somebody forwards changes nothing of the answer', async () => {
  const exchange = await openExchange(service.publicUrl);
  const headers = [
    'Host: localhost',
    'X-Forwarded-Host: evil.example',
    `X-API-KEY: ${API_KEY}`,
    'Content-Type: application/json',
  ];
  exchange.send(rawRequest(`POST ${PUBLIC_REGISTER}`, headers, '{}'));
  const { status, text, body } = await exchange.answer();
  exchange.abort();
  assert.equal(status, 201, text);
  assert.equal(body.registration_client_uri, `${service.issuer}/oauth2/register/${body.client_id}`);
  assert.ok(!text.includes('evil'));
});

test('the registration_client_uri that is answered is where the client is managed', async () => {
  const { answer, token } = await register();
  const read = await bearing(service, token)('GET', answer.body.registration_client_uri);
  assert.equal(read.status, 200);
  assert.equal(read.body.client_id, answer.body.client_id);
});

test('S-MGT-11, S-MGT-22: the token stays the same through every update, by whichever dialect', async () => {
  const { id, at, by, token } = await register({ client_name: 'n' });
  await by('PUT', at, { client_name: 'n2' });
  await by('POST', `${at}/renew-secret`);
  await call('PUT', `${BRIDGE}/${id}`, { client_name: 'n3' });
  await call('POST', `${BRIDGE}/${id}/rotate-secret`);
  await call('POST', `/konnect/local/${id}/event-hook`, { event_type: 'update_application' });
  await operated.operate('clients', 'disable', id);
  await operated.operate('clients', 'enable', id);
  const read = await by('GET', at);
  assert.equal(read.status, 200);
  assert.equal(read.body.registration_access_token, token);
  const restarted = await bearing(service, token)('GET', `${LOCAL_REGISTER}/${id}`);
  assert.equal(restarted.body.registration_access_token, token);
});

test('S-MGT-02: the token of one client is refused for another, in the same way as for one that never was', async () => {
  const [a, b] = [await register(), await register({ scope: 'read' })];
  for (const base of [PUBLIC_REGISTER, LOCAL_REGISTER]) {
    for (const id of [b.id, 'cl_0000000000000000000000']) {
      for (const act of acts(a.by, `${base}/${id}`)) await refuses(service, INVALID_TOKEN, act);
    }
    for (const id of ['constructor', a.id.toUpperCase(), `${a.id}%00`]) {
      await refuses(service, INVALID_TOKEN, () => a.by('GET', `${base}/${id}`));
    }
  }
  assert.equal(await opens(service, b.id, b.secret), true);
  assert.equal((await a.by('GET', a.at)).status, 200, 'and it still manages its own');
});

test('the token of a client is no key: not for registering, not for the other dialects', async () => {
  const { by, id } = await register();
  for (const act of [
    () => by('POST', PUBLIC_REGISTER, {}),
    () => by('POST', LOCAL_REGISTER, {}),
    () => by('POST', BRIDGE, {}),
    () => by('GET', BRIDGE),
    () => by('GET', `${BRIDGE}/${id}`),
    () => by('POST', `${BRIDGE}/${id}/rotate-secret`),
    () => by('DELETE', `/konnect/local/${id}`),
  ]) {
    await refuses(service, UNAUTHORIZED, act);
  }
});

test('S-MGT-03: the token of a deleted client is refused, whoever deleted it', async () => {
  const [own, byPortal, byOperator] = [await register(), await register(), await register()];
  assert.equal((await own.by('DELETE', own.at)).status, 204);
  assert.equal((await call('DELETE', `${BRIDGE}/${byPortal.id}`)).status, 204);
  await operated.operate('clients', 'delete', byOperator.id);
  for (const { by, at, id, secret } of [own, byPortal, byOperator]) {
    for (const act of acts(by, at)) await refuses(service, INVALID_TOKEN, act);
    assert.equal(await opens(service, id, secret), false);
    assert.equal(await stateOf(service, id), undefined);
  }
});

test('S-MGT-05: the token of a disabled client is refused, and nothing the portal does enables it', async () => {
  const { by, at, id, secret } = await register();
  await operated.operate('clients', 'disable', id);
  for (const act of acts(by, at)) await refuses(service, INVALID_TOKEN, act);
  assert.equal(await opens(service, id, secret), false);
  const rotated = await call('POST', `${BRIDGE}/${id}/rotate-secret`);
  await call('PUT', `${BRIDGE}/${id}`, { state: 'active', disabled: false });
  assert.equal(await opens(service, id, rotated.body.client_secret ?? secret), false);
  await operated.operate('clients', 'enable', id);
  assert.equal((await by('GET', at)).status, 200);
});

test('S-MGT-01: a token that is absent, cut, changed, or in the query or the body is refused', async () => {
  const { at, id, token } = await register();
  for (const act of acts(nobody, at)) await refuses(service, UNAUTHORIZED, act);
  for (const query of ['access_token', 'registration_access_token', 'token', 'api_key', 'x-api-key']) {
    await refuses(service, UNAUTHORIZED, () => nobody('GET', `${at}?${query}=${token}`));
  }
  await refuses(service, UNAUTHORIZED, () =>
    nobody('PUT', at, { access_token: token, registration_access_token: token }),
  );
  await refuses(service, UNAUTHORIZED, () =>
    nobody('PUT', at, new URLSearchParams({ access_token: token }).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    }),
  );
  const swapped = token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');
  for (const wrong of [token.slice(0, -1), `${token}0`, swapped, 'dcrr_', token.toLowerCase()]) {
    for (const act of acts(bearing(service, wrong), at)) await refuses(service, INVALID_TOKEN, act);
  }
  await refuses(service, { status: 400, error: 'invalid_request' }, () =>
    callAs(service, { authorization: `Bearer ${token}`, 'x-api-key': 'dcrk_other' })('GET', at),
  );
  // And no line of the log has it, not even where it came in the URL.
  await eventually(async () => assert.ok(service.output.some((line) => line.includes(id))), 2000);
  assert.ok(!service.output.some((line) => line.includes(token)));
});

test("S-TEN-01: another portal's key does not manage the client, and hears what an unknown one hears", async () => {
  const { at, id, secret } = await register();
  const other = asPortal(service, await operated.addPortal('token-other'));
  for (const act of acts(other, at)) await refuses(service, { status: 404, error: 'not_found' }, act);
  assert.equal(await opens(service, id, secret), true);
});

test('S-MGT-08: an update replaces, and what it leaves out is the default of a create, never more', async () => {
  const { by, at, id, secret } = await register({
    client_name: 'n',
    description: 'd',
    scope: 'read write',
    redirect_uris: ['https://a.example/cb'],
    labels: { team: 'a' },
    contacts: ['a@example.com'],
    client_uri: 'https://a.example',
    token_endpoint_auth_method: 'client_secret_post',
  });
  const replaced = await by('PUT', at, { client_id: id, client_name: 'n2' });
  assert.equal(replaced.status, 200, replaced.text);
  const {
    issuer: _,
    client_id: __,
    client_id_issued_at: ___,
    ...fresh
  } = (await call('POST', BRIDGE, { client_name: 'n2' })).body;
  const { client_secret: ____, ...expected } = fresh;
  assert.deepEqual(await stateOf(service, id), expected);
  assert.equal(replaced.body.scope, '');
  const token = await fetchToken(service, { client_id: id, client_secret: secret }, { scope: 'read' });
  assert.equal(token.body.error, 'invalid_scope');
  const nulled = await by('PUT', at, {
    client_name: null,
    scope: null,
    grant_types: null,
    redirect_uris: null,
  });
  assert.equal(nulled.status, 200, nulled.text);
  assert.deepEqual(nulled.body.grant_types, ['client_credentials']);
  assert.equal(nulled.body.scope, '');
});

test('S-MGT-06: an update is judged as a create is', async () => {
  const { by, at } = await register({ scope: 'read' });
  for (const body of [
    { scope: 'read admin' },
    { grant_types: ['authorization_code'] },
    { token_endpoint_auth_method: 'none' },
    { jwks_uri: 'https://a.example/jwks' },
    { sector_identifier_uri: 'https://a.example' },
    { client_name: 7, contacts: ['nobody'], logo_uri: 'http://a.example' },
  ]) {
    await refuses(service, INVALID, () => by('PUT', at, body));
  }
  await refuses(service, { status: 400, error: 'invalid_redirect_uri' }, () =>
    by('PUT', at, { redirect_uris: ['data:text/html,x'] }),
  );
});

test('an update that names another client, or a secret that is not its own, is refused', async () => {
  const [a, b] = [await register(), await register()];
  for (const body of [
    { client_id: b.id },
    { client_id: '' },
    { client_id: 7 },
    { client_id: a.id, client_secret: b.secret },
    { client_id: a.id, client_secret: 'guessed' },
    { client_id: a.id, client_secret: '' },
  ]) {
    const refused = await refuses(service, INVALID, () => a.by('PUT', a.at, body));
    assert.ok(!refused.text.includes(b.secret) && !refused.text.includes('guessed'));
  }
  const right = await a.by('PUT', a.at, { client_id: a.id, client_secret: a.secret, client_name: 'n' });
  assert.equal(right.status, 200, right.text);
  assert.equal(await opens(service, a.id, a.secret), true, 'the secret is not changed by sending it');
});

test('S-DCR-05, S-DCR-07: members of the server, and unknown ones, are stripped from create and update', async () => {
  const forged = {
    client_id_issued_at: 1,
    client_secret_expires_at: 1,
    registration_access_token: 'dcrr_mine',
    registration_client_uri: 'https://evil.example',
    issuer: 'https://evil.example',
    software_statement: 'eyJhbGciOiJub25lIn0.e30.',
    is_admin: true,
    tenant: 'other',
    portal: 'other',
    provider: 'other',
    state: 'disabled',
    granted_resources: ['https://hidden.example.com'],
    secrets: [],
    version: 7,
    extension: { is_admin: true },
    aud: 'x',
    claims: { sub: 'admin' },
    token_lifetime: 86_400,
    unknown_member: { deep: ['x'] },
  };
  const { by, at, id, answer } = await register({ ...forged, client_id: 'admin', client_secret: 'mine' });
  const updated = await by('PUT', at, { ...forged, client_name: 'n' });
  for (const { text, body } of [answer, updated, await by('GET', at)]) {
    for (const word of [
      'evil',
      'is_admin',
      'tenant',
      'unknown_member',
      'dcrr_mine',
      'hidden',
      'token_lifetime',
    ]) {
      assert.ok(!text.includes(word), word);
    }
    assert.match(body.client_id, /^cl_[0-9A-Za-z]{22}$/);
    assert.ok(body.client_id_issued_at > 1 && body.client_secret_expires_at === 0);
    assert.equal(body.issuer, service.issuer);
  }
  assert.notEqual(answer.body.client_secret, 'mine');
  const kept = JSON.stringify(await stateOf(service, id));
  assert.ok(!kept.includes('is_admin') && !kept.includes('unknown_member'));
});

test('an initial access token registers as often as it may, and does nothing else', async () => {
  const { initial_access_token } = await operated.operate('portals', 'issue-token', 'test', '2');
  const by = bearing(service, initial_access_token);
  const first = await by('POST', PUBLIC_REGISTER, { client_name: 'by token' });
  assert.equal(first.status, 201, first.text);
  for (const act of acts(by, `${PUBLIC_REGISTER}/${first.body.client_id}`)) {
    await refuses(service, UNAUTHORIZED, act);
  }
  await refuses(service, UNAUTHORIZED, () => by('POST', BRIDGE, {}));
  await refuses(service, UNAUTHORIZED, () => by('GET', BRIDGE));
  await refuses(service, UNAUTHORIZED, () => by('POST', '/konnect/local', {}));
  // A refused registration takes no use.
  await refuses(service, INVALID, () => by('POST', PUBLIC_REGISTER, { scope: 'admin' }));
  assert.equal((await by('POST', LOCAL_REGISTER, {})).status, 201);
  await refuses(service, UNAUTHORIZED, () => by('POST', PUBLIC_REGISTER, {}));
  assert.equal((await call('GET', `${BRIDGE}/${first.body.client_id}`)).status, 200, "it is the portal's");
  const own = bearing(service, first.body.registration_access_token);
  assert.equal((await own('DELETE', `${PUBLIC_REGISTER}/${first.body.client_id}`)).status, 204);
});

test('S-DCR-02: in parallel a token registers exactly as often as it may', async () => {
  const { initial_access_token } = await operated.operate('portals', 'issue-token', 'test', '5');
  const by = bearing(service, initial_access_token);
  const answers = await Promise.all(Array.from({ length: 25 }, () => by('POST', PUBLIC_REGISTER, {})));
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  assert.deepEqual([count(201), count(401)], [5, 20]);
});

test('S-DCR-03: a token that ended, or of a portal that was disabled, registers nothing', async () => {
  await operated.addPortal('closing');
  const [ended, closing] = await Promise.all([
    operated.operate('portals', 'issue-token', 'test', '5', '0'),
    operated.operate('portals', 'issue-token', 'closing', '5'),
  ]);
  await operated.operate('portals', 'disable', 'closing');
  for (const { initial_access_token } of [ended, closing]) {
    const by = bearing(service, initial_access_token);
    await refuses(service, UNAUTHORIZED, () => by('POST', PUBLIC_REGISTER, {}));
  }
  await operated.operate('portals', 'enable', 'closing');
  assert.equal(
    (await bearing(service, closing.initial_access_token)('POST', PUBLIC_REGISTER, {})).status,
    201,
  );
});
