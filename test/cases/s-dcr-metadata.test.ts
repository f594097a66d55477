/** S-DCR: what a client may be: the same bounds in every dialect, for a create and for an update. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { claimsOf, fetchToken, send } from '../support/bridge.ts';
import { assertRefusal } from '../support/refusal.ts';
import { API_KEY } from '../support/service.ts';
import { refuses, rowsOf } from '../support/unwritten.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { DIALECTS, through } from './support/dialects.ts';
import { accepted, refusedEverywhere } from './support/metadata.ts';
import { INVALID_METADATA, storedClient } from './support/stored.ts';

type Body = Readonly<Record<string, unknown>>;

let bridge: CaseBridge;
before(async () => {
  bridge = await startBridge({
    env: { BODY_LIMIT_BYTES: '1048576' },
    portals: Object.fromEntries(
      DIALECTS.map((_, index) => [`defaulting${index}`, { default_scopes: ['read'] }]),
    ),
  });
});
after(async () => {
  await bridge.service.stop();
});

for (const dialect of DIALECTS) {
  test(`S-DCR-08 a scope beyond the portal's is refused, never dropped and never granted (${dialect.name})`, async () => {
    for (const scope of ['admin', 'read admin', 'read unheard-of', 'READ']) {
      await refusedEverywhere(bridge.service, dialect, { scope }, 'scope');
      await refusedEverywhere(bridge.service, dialect, { scopes: scope.split(' ') }, 'scope');
    }
    const { metadata } = await accepted(bridge.service, dialect, { scope: 'write read' });
    assert.equal(metadata.scope, 'write read');
  });

  test(`S-DCR-09 whoever asks for no scope is granted none, or the portal's default (${dialect.name})`, async () => {
    const { service } = bridge;
    for (const body of [{}, { scope: null }, { scope: '' }, { scopes: [] }]) {
      const { made, metadata } = await accepted(bridge.service, dialect, body);
      assert.equal(metadata.scope, '');
      const token = await fetchToken(service, made.body);
      assert.equal(claimsOf(token.body.access_token).scope || undefined, undefined);
      assert.equal((await fetchToken(service, made.body, { scope: 'read' })).body.error, 'invalid_scope');
    }
    const key = await bridge.addPortal(`defaulting${DIALECTS.indexOf(dialect)}`);
    const made = await through(dialect, service, key).create({ client_name: 'a client' });
    assert.equal(storedClient(service, made).metadata.scope, 'read');
  });

  test(`S-DCR-10 a grant that the portal may not give is refused; the default is client_credentials (${dialect.name})`, async () => {
    const refused = [
      'password',
      'implicit',
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
      'CLIENT_CREDENTIALS',
      '',
    ];
    for (const grant of refused) {
      await refusedEverywhere(bridge.service, dialect, { grant_types: [grant] }, 'grant_types');
      await refusedEverywhere(
        bridge.service,
        dialect,
        { grant_types: ['client_credentials', grant] },
        'grant_types',
      );
    }
    for (const grant_types of [undefined, null, [], ['bearer'], ['client_credentials', 'session']]) {
      const { metadata } = await accepted(bridge.service, dialect, { grant_types });
      assert.deepEqual(metadata.grant_types, ['client_credentials']);
    }
  });

  test(`S-DCR-11 a public client does not exist: it could not keep client_credentials to itself (${dialect.name})`, async () => {
    for (const method of ['none', 'NONE', '', 'PRIVATE_KEY_JWT', 'client_secret_jwt']) {
      await refusedEverywhere(
        bridge.service,
        dialect,
        { token_endpoint_auth_method: method },
        'token_endpoint_auth_method',
      );
    }
    for (const method of ['client_secret_basic', 'client_secret_post']) {
      const { metadata } = await accepted(bridge.service, dialect, { token_endpoint_auth_method: method });
      assert.equal(metadata.token_endpoint_auth_method, method);
    }
  });

  test(`S-DCR-12 a client that names no method is confidential, and its id alone opens nothing (${dialect.name})`, async () => {
    const { service } = bridge;
    const { made, metadata } = await accepted(bridge.service, dialect, {});
    assert.equal(metadata.token_endpoint_auth_method, 'client_secret_basic', 'recorded, not implied');
    const { client_id } = made.body;
    const attempts: Record<string, string>[] = [{ client_id }, { client_id, client_secret: '' }];
    for (const form of attempts) {
      const refused = await send(`${service.publicUrl}/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'client_credentials', ...form }),
      });
      assert.equal(refused.body.access_token, undefined);
      assert.equal(refused.status, 401);
      assert.equal(refused.body.error, 'invalid_client');
    }
    // Whether an empty secret is a wrong one or a malformed request is S-TOK-10's.
    const empty = await fetchToken(service, { client_id, client_secret: '' });
    assert.equal(empty.body.access_token, undefined);
    assert.match(empty.body.error, /^invalid_(client|request)$/);
    assert.equal((await fetchToken(service, made.body)).status, 200);
  });

  test(`S-DCR-19 keys by value and by reference are refused, alone and together (${dialect.name})`, async () => {
    const jwks = { keys: [] };
    const jwks_uri = 'https://app.example.com/jwks.json';
    await refusedEverywhere(bridge.service, dialect, { jwks, jwks_uri }, 'jwks');
    await refusedEverywhere(bridge.service, dialect, { jwks, jwks_uri }, 'jwks_uri');
    await refusedEverywhere(bridge.service, dialect, { jwks }, 'jwks');
    await refusedEverywhere(bridge.service, dialect, { jwks_uri }, 'jwks_uri');
    await accepted(bridge.service, dialect, { jwks: null, jwks_uri: null });
  });

  test(`S-DCR-21 contacts are a few e-mail addresses, and a flood of problems is not echoed (${dialect.name})`, async () => {
    const { service } = bridge;
    for (const contacts of ['ops@example.com', { 0: 'ops@example.com', length: 1 }, 7, true]) {
      await refusedEverywhere(bridge.service, dialect, { contacts }, 'contacts');
    }
    for (const contact of ['not an address', 7, {}, ['ops@example.com'], `${'a'.repeat(300)}@example.com`]) {
      await refusedEverywhere(
        bridge.service,
        dialect,
        { contacts: ['ops@example.com', contact] },
        'contacts[1]',
      );
    }
    await refusedEverywhere(bridge.service, dialect, { contacts: [null] }, 'contacts[0]');
    await refusedEverywhere(
      bridge.service,
      dialect,
      { contacts: Array(21).fill('ops@example.com') },
      'contacts',
    );
    for (const contacts of [Array(100_000).fill(1), Array(60_000).fill('a@b.example')]) {
      const began = performance.now();
      const act = () => through(dialect, service).create({ client_name: 'a client', contacts });
      const answer = await refuses(service, INVALID_METADATA, act);
      assert.ok(answer.text.length < 4000, `${answer.text.length} bytes of problems`);
      assert.ok(performance.now() - began < 2000, 'within the time of a request');
    }
    const holes = await send(through(dialect, service).clients, {
      method: 'POST',
      headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
      body: '{"client_name":"a client","contacts":["ops@example.com",,]}',
    });
    assertRefusal(holes, { status: 400, error: 'invalid_request' });
    const { metadata } = await accepted(bridge.service, dialect, { contacts: ['ops@example.com'] });
    assert.deepEqual(metadata.contacts, ['ops@example.com']);
  });

  test(`S-DCR-23 what would make us call somewhere, or log somebody out, is refused (${dialect.name})`, async () => {
    const uri = 'https://app.example.com/x';
    const surface: Body = {
      sector_identifier_uri: uri,
      request_uris: [uri],
      initiate_login_uri: uri,
      backchannel_logout_uri: uri,
      backchannel_client_notification_endpoint: uri,
      post_logout_redirect_uris: [uri],
    };
    for (const [member, value] of Object.entries(surface)) {
      await refusedEverywhere(bridge.service, dialect, { [member]: value }, member);
    }
    const before = rowsOf(bridge.service).clients?.length ?? 0;
    await accepted(bridge.service, dialect, { sector_identifier_uri: null });
    assert.equal(rowsOf(bridge.service).clients?.length, before + 1);
  });
}
