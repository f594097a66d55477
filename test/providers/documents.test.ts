/** What is sent about a client and what is taken from the answer, preset by preset. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { requestDocument } from '../../src/providers/client-document.ts';
import { presetOf } from '../../src/providers/presets.ts';
import { json, type ScriptedUpstream, startScriptedUpstream } from '../support/upstream-scripted.ts';
import { type Driven, drive, failure, IAT, metadata } from './support.ts';

let scripted: ScriptedUpstream;
let driven: Driven;
before(async () => {
  scripted = await startScriptedUpstream();
});
after(() => scripted.close());
afterEach(() => driven.upstreams.close());

const MARKER = 'reg_7Zq';

function sent(method: string, path: string): Record<string, unknown> {
  return JSON.parse(scripted.to(method, path).at(-1)?.body ?? 'null');
}

function managed(more: object = {}) {
  const registration_client_uri = `${scripted.issuer}/reg/c1`;
  return { client_id: 'c1', registration_client_uri, registration_access_token: 'rat-1', ...more };
}

test('a registration is RFC 7591, with the marker and without what is ours alone', async () => {
  scripted.on('POST', '/reg', json(201, managed()));
  driven = await drive(scripted.issuer);
  await driven.upstream.register(
    metadata({ labels: { team: 'a' }, description: 'd', extension: { tenant: 'x', tier: 'gold' } }),
    MARKER,
  );
  assert.deepEqual(sent('POST', '/reg'), {
    client_name: 'weather app',
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'read',
    software_id: MARKER,
  });
});

test('S-UP-11: an extension goes through only where it is listed, and never over what we send', async () => {
  scripted.on('POST', '/reg', json(201, managed()));
  driven = await drive(scripted.issuer, { extension_members: ['tier'] });
  const extension = { tier: 'gold', tenant: 'x', software_id: 'forged', scope: 'admin', client_id: 'c9' };
  await driven.upstream.register(metadata({ extension }), MARKER);
  const { tier, tenant, software_id, scope, client_id } = sent('POST', '/reg');
  assert.deepEqual(
    [tier, tenant, software_id, scope, client_id],
    ['gold', undefined, MARKER, 'read', undefined],
  );
  const rules = { ...presetOf('generic'), extensionMembers: ['client_id', 'scope', 'software_id'] };
  const document = requestDocument(metadata({ extension, scope: undefined }), MARKER, rules);
  assert.deepEqual(
    [document.client_id, document.scope, document.software_id],
    [undefined, undefined, MARKER],
  );
});

test('RFC 7592 section 2.2: an update is the whole document with the client_id and nothing of the server', async () => {
  driven = await drive(scripted.issuer);
  scripted.on('PUT', '/reg/c1', json(200, managed({ registration_access_token: 'rat-2' })));
  const updated = await driven.upstream.update(managed(), metadata({ client_name: 'new name' }), MARKER);
  const document = sent('PUT', '/reg/c1');
  assert.deepEqual(
    [document.client_id, document.client_name, document.software_id],
    ['c1', 'new name', MARKER],
  );
  for (const member of ['registration_access_token', 'registration_client_uri', 'client_secret'])
    assert.ok(!(member in document), member);
  assert.equal(scripted.to('PUT', '/reg/c1').at(-1)?.headers.authorization, 'Bearer rat-1');
  assert.equal(updated.registration_access_token, 'rat-2', 'the new one wins');
  scripted.on('PUT', '/reg/c1', json(200, { client_id: 'c1' }));
  const kept = await driven.upstream.update(updated, metadata(), MARKER);
  assert.equal(kept.registration_access_token, 'rat-2', 'without a new one the old one stays');
});

test('what the provider granted is what it said, absent where it said nothing', async () => {
  driven = await drive(scripted.issuer);
  const answer = { client_secret: 's', scope: 'read write', grant_types: null, unknown: { a: 1 } };
  scripted.on('POST', '/reg', json(201, managed(answer)));
  const { granted, client_secret_expires_at } = await driven.upstream.register(metadata(), MARKER);
  assert.deepEqual(granted, { scope: 'read write' });
  assert.equal(client_secret_expires_at, 0);
});

test('S-UP-04: scopes that every client is given there are not taken for something that was granted', async () => {
  driven = await drive(scripted.issuer, { preset: 'keycloak', unasked_scopes: ['profile'] });
  const given = 'phone read offline_access profile admin';
  scripted.on('POST', '/reg', json(201, managed({ client_secret: 's', scope: given })));
  const { granted } = await driven.upstream.register(metadata(), MARKER);
  assert.equal(granted.scope, 'read admin');
  scripted.on('POST', '/reg', json(201, managed({ client_secret: 's', scope: 'phone' })));
  const nothingAsked = await driven.upstream.register(metadata({ scope: '' }), MARKER);
  assert.equal(nothingAsked.granted.scope, '');
});

test('an answer with one wrong member is none', async () => {
  driven = await drive(scripted.issuer);
  for (const wrong of [
    { client_id: '' },
    { client_id: 'a b' },
    { client_id: 'a'.repeat(256) },
    { client_id: 7 },
    { client_secret: 'line\nbreak' },
    { client_secret_expires_at: 'never' },
    { client_secret_expires_at: -1 },
    { scope: ['read'] },
    { grant_types: 'client_credentials' },
    { registration_access_token: 'two words' },
  ]) {
    scripted.on('POST', '/reg', json(201, managed(wrong)));
    const failed = await failure(driven.upstream.register(metadata(), MARKER));
    assert.deepEqual(
      [failed.reason, failed.outcome],
      ['upstream_malformed', 'unknown'],
      JSON.stringify(wrong),
    );
  }
});

test('S-SSRF-07: a registration_client_uri elsewhere is never called, with whichever token', async () => {
  driven = await drive(scripted.issuer);
  for (const uri of [
    'https://evil.example/c1',
    'http://127.0.0.1:1/c1',
    `${scripted.issuer}@evil.example/`,
    'c1',
  ]) {
    const moved = managed({ registration_client_uri: uri });
    scripted.on('POST', '/reg', json(201, moved));
    const failed = await failure(driven.upstream.register(metadata(), MARKER));
    assert.deepEqual([failed.reason, failed.outcome], ['upstream_malformed', 'unknown'], uri);
    assert.equal(failed.clientId, 'c1', 'a person can find what was left there');
    for (const act of [
      driven.upstream.read(moved),
      driven.upstream.update(moved, metadata(), MARKER),
      driven.upstream.remove(moved),
    ])
      assert.equal((await failure(act)).outcome, 'not_done', uri);
  }
});

test('S-UP-10: an answer about another client is no answer', async () => {
  driven = await drive(scripted.issuer);
  scripted.on('GET', '/reg/c1', json(200, managed({ client_id: 'c2' })));
  scripted.on('PUT', '/reg/c1', json(200, managed({ client_id: 'c2' })));
  assert.equal((await failure(driven.upstream.read(managed()))).reason, 'upstream_malformed');
  const failed = await failure(driven.upstream.update(managed(), metadata(), MARKER));
  assert.deepEqual([failed.reason, failed.outcome], ['upstream_malformed', 'unknown']);
});

test('a removal is done, was done already, or failed', async () => {
  driven = await drive(scripted.issuer);
  for (const [status, result] of [
    [204, 'removed'],
    [200, 'removed'],
    [404, 'absent'],
    [410, 'absent'],
  ] as const) {
    scripted.on('DELETE', '/reg/c1', json(status, status === 204 ? undefined : {}));
    assert.equal(await driven.upstream.remove(managed()), result);
  }
  for (const [status, outcome] of [
    [401, 'not_done'],
    [500, 'unknown'],
    [302, 'unknown'],
  ] as const) {
    scripted.on('DELETE', '/reg/c1', json(status, {}));
    assert.equal((await failure(driven.upstream.remove(managed()))).outcome, outcome);
  }
});

test('Okta: the marker begins the name, the search asks for it, and the registering token manages', async () => {
  driven = await drive(scripted.issuer, { preset: 'okta' });
  scripted.on('POST', '/reg', json(201, { client_id: 'o/1', client_name: `[${MARKER}] weather app` }));
  const client = await driven.upstream.register(metadata(), MARKER);
  const { client_name, application_type, software_id } = sent('POST', '/reg');
  assert.deepEqual(
    [client_name, application_type, software_id],
    [`[${MARKER}] weather app`, 'service', undefined],
  );
  assert.equal(client.granted.client_name, 'weather app', 'the portal sees its own name');
  assert.equal(
    client.registration_client_uri,
    `${scripted.issuer}/reg/o%2F1`,
    'so that it is managed at all',
  );
  scripted.on('DELETE', '/reg/o%2F1', json(204, undefined));
  assert.equal(await driven.upstream.remove(client), 'removed');
  assert.equal(scripted.to('DELETE', '/reg/o%2F1').at(-1)?.headers.authorization, `SSWS ${IAT}`);
  assert.equal(driven.upstream.searchable, true);
  const others = { client_id: 'o3', client_name: 'weather app' };
  scripted.on('GET', '/reg', json(200, [{ client_id: 'o2', client_name: `[${MARKER}] x` }, others]));
  const found = await driven.upstream.find(MARKER);
  assert.deepEqual(
    found.map(({ client_id }) => client_id),
    ['o2'],
  );
  assert.equal(scripted.received.at(-1)?.path, `/reg?q=${encodeURIComponent(`[${MARKER}]`)}`);
});

test('Keycloak: the marker ends the name, and is taken off it again', async () => {
  driven = await drive(scripted.issuer, { preset: 'keycloak' });
  scripted.on('POST', '/reg', json(201, managed({ client_name: `weather app [beta] [${MARKER}]` })));
  const { granted } = await driven.upstream.register(metadata({ client_name: 'weather app [beta]' }), MARKER);
  assert.equal(sent('POST', '/reg').client_name, `weather app [beta] [${MARKER}]`);
  assert.equal(granted.client_name, 'weather app [beta]');
  assert.equal(driven.upstream.searchable, false);
  assert.deepEqual(await driven.upstream.find(MARKER), []);
});

test('Auth0: no credential is sent, and a client there can not be managed', async () => {
  driven = await drive(scripted.issuer, { preset: 'auth0', initial_access_token: undefined });
  scripted.on('POST', '/reg', json(201, { client_id: 'tpc_1' }));
  const client = await driven.upstream.register(metadata(), MARKER);
  assert.equal(scripted.to('POST', '/reg').at(-1)?.headers.authorization, undefined);
  assert.equal(sent('POST', '/reg').scope, undefined);
  assert.equal((await failure(driven.upstream.remove(client))).outcome, 'not_done');
});

test('a configured search finds by the marker and by nothing else', async () => {
  driven = await drive(scripted.issuer, { search: `${scripted.issuer}/admin?software_id={marker}` });
  scripted.on(
    'GET',
    '/admin',
    json(200, [managed({ software_id: MARKER }), { client_id: 'x', software_id: 'other' }, {}]),
  );
  const found = await driven.upstream.find(MARKER);
  assert.deepEqual(
    found.map(({ client_id }) => client_id),
    ['c1'],
  );
  assert.equal(found[0]?.registration_access_token, 'rat-1');
  scripted.on('GET', '/admin', json(200, {}));
  assert.equal((await failure(driven.upstream.find(MARKER))).reason, 'upstream_malformed');
});
