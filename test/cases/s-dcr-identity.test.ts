/** S-DCR: who a client is, is ours to say: ids, secrets, times, URLs and members of tokens. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newSecret } from '../../src/clients/secret.ts';
import { claimsOf, fetchToken } from '../support/bridge.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { assertRefusal } from '../support/refusal.ts';
import { API_KEY } from '../support/service.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { call, DIALECTS, KONNECT, RFC_DIALECTS, through } from './support/dialects.ts';
import { storedClient, storedClients, storeText } from './support/stored.ts';

const CLIENT_ID = /^cl_[0-9A-Za-z]{22}$/;

let bridge: CaseBridge;
before(async () => {
  bridge = await startBridge();
});
after(async () => {
  await bridge.service.stop();
});

for (const dialect of DIALECTS) {
  test(`S-DCR-05 members that only the server may set are never honoured (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, update } = through(dialect, service);
    const forged = {
      client_id: 'cl_forged0000000000000000',
      client_secret: 'forged-client-secret-forged-client-secret',
      client_id_issued_at: 1,
      client_secret_expires_at: 1,
      registration_access_token: 'dcrr_forged',
      registration_client_uri: 'https://evil.example/register',
      issuer: 'https://evil.example',
    };
    const made = await create({ client_name: 'a client', scope: 'read', ...forged });
    assert.equal(made.status, 201);
    const { client_id, ...others } = forged;
    await update(made.body.client_id, { client_name: 'renamed', ...others, client_secret: null });
    assert.match(made.body.client_id, CLIENT_ID);
    const stored = storedClient(service, made);
    assert.ok(stored.created_at > 1_700_000_000);
    assert.equal(stored.secrets[0]?.expires_at, 0);
    if (dialect !== KONNECT) {
      assert.equal(made.body.client_id_issued_at, stored.created_at);
      assert.equal(made.body.client_secret_expires_at, 0);
    }
    for (const value of Object.values(forged)) {
      if (typeof value !== 'string') continue;
      assert.ok(!made.text.includes(value), 'in the answer');
      assert.ok(!JSON.stringify(storedClient(service, made)).includes(value), 'in the store');
    }
    const { metadata, secrets } = storedClient(service, made);
    assert.deepEqual(metadata.extension, {}, 'kept as if it were metadata');
    const [secret] = secrets;
    assert.equal(secret?.expires_at, 0);
    const imposter = { client_id: made.body.client_id, client_secret: forged.client_secret };
    assert.equal((await fetchToken(service, imposter)).status, 401);
    assert.equal((await fetchToken(service, { ...made.body, client_id })).status, 401);
    assert.equal((await fetchToken(service, made.body)).status, 200);
  });

  test(`S-DCR-06 no caller chooses a client id (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create } = through(dialect, service);
    const taken = (await create()).body.client_id;
    const ids = new Set<string>();
    for (const client_id of [
      'admin',
      'user-7',
      'https://evil.example/client',
      taken,
      '',
      7,
      ['admin'],
      null,
    ]) {
      const made = await create({ client_name: 'a client', client_id });
      assert.equal(made.status, 201, made.text);
      assert.match(made.body.client_id, CLIENT_ID);
      assert.notEqual(made.body.client_id, taken);
      ids.add(made.body.client_id);
    }
    assert.equal(ids.size, 8, 'each of its own');
    // 22 base62 characters hold 128 bits.
    assert.ok(62 ** 22 > 2 ** 128);
    assert.ok(storedClients(service).every(({ client_id }) => CLIENT_ID.test(client_id)));
  });

  test(`S-DCR-07 unknown members do nothing: ${dialect.keepsUnknownMembers ? 'kept apart' : 'dropped'} (${dialect.name})`, async () => {
    const { service } = bridge;
    const unknown = {
      is_admin: true,
      tenant: 'other',
      portal: 'other',
      aud: 'https://evil.example',
      claims: { sub: 'root', 'a.b': 1 },
      'claims.sub': 'root',
      token_lifetime: 99_999_999,
      disabled: true,
      state: 'disabled',
      granted_resources: ['https://other.example.com'],
      secrets: [],
      version: 99,
    };
    const made = await through(dialect, service).create({
      client_name: 'a client',
      scope: 'read',
      ...unknown,
    });
    assert.equal(made.status, 201, made.text);
    const { metadata, ...record } = storedClient(service, made);
    assert.deepEqual(metadata.extension, dialect.keepsUnknownMembers ? unknown : {});
    for (const member of Object.keys(unknown)) assert.ok(!Object.hasOwn(metadata, member), member);
    assert.equal(record.portal, 'test');
    assert.equal(record.state, 'active');
    assert.equal(record.version, 1);
    assert.equal(record.secrets.length, 1);
    assert.deepEqual(record.granted_resources, ['https://api.example.com']);
    const { body } = await fetchToken(service, made.body);
    const { iat, exp, jti, ...claims } = claimsOf(body.access_token);
    assert.deepEqual(claims, {
      iss: service.issuer,
      sub: made.body.client_id,
      client_id: made.body.client_id,
      azp: made.body.client_id,
      aud: 'https://api.example.com',
      scope: 'read',
    });
    assert.equal(exp - iat, body.expires_in);
    assert.ok(exp - iat <= 600);
  });

  test(`S-DCR-07 "__proto__" and "constructor" are members like any other (${dialect.name})`, async () => {
    const { service } = bridge;
    const { clients, create } = through(dialect, service);
    const hostile =
      '{"client_name":"a client","redirect_uris":[],"__proto__":{"scope":"admin","is_admin":true},"constructor":{"x":1}}';
    const made = await sendRaw(
      clients,
      rawRequest(
        `POST ${new URL(clients).pathname}`,
        [`Host: ${new URL(clients).host}`, `X-API-KEY: ${API_KEY}`, 'Content-Type: application/json'],
        hostile,
      ),
    );
    assert.equal(made.status, 201, made.text);
    assert.equal(storedClient(service, made).metadata.scope, '');
    const next = await create({ client_name: 'the next' });
    assert.equal(storedClient(service, next).metadata.scope, '', 'nothing was polluted');
    assert.equal(next.body.is_admin, undefined);
  });

  test(`S-DCR-22 a software statement is ignored, whatever it says (${dialect.name})`, async () => {
    const { service } = bridge;
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const claims = { iss: 'https://evil.example', client_name: 'stated', scope: 'admin', exp: 1 };
    const unsigned = `${encode({ alg: 'none' })}.${encode(claims)}.`;
    for (const software_statement of [
      unsigned,
      `${encode({ alg: 'HS256' })}.${encode(claims)}.AAAA`,
      'x',
      7,
    ]) {
      const made = await through(dialect, service).create({
        client_name: 'plain',
        scope: 'read',
        software_statement,
      });
      assert.equal(made.status, 201, made.text);
      const { metadata } = storedClient(service, made);
      assert.equal(metadata.client_name, 'plain');
      assert.equal(metadata.scope, 'read');
      assert.equal(made.body.software_statement, undefined);
      assert.ok(!storeText(service).includes('software_statement'));
    }
  });

  test(`S-DCR-29 a secret and an id mean the same with and without form encoding (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, rotate } = through(dialect, service);
    for (let made = 0; made < 20; made += 1) {
      const { body } = await create();
      const rotated = await rotate(body.client_id);
      for (const value of [body.client_id, body.client_secret, rotated.body.client_secret]) {
        assert.match(value, /^[A-Za-z0-9_]+$/);
        assert.equal(new URLSearchParams({ value }).toString(), `value=${value}`);
      }
    }
  });

  test(`S-DCR-31 a secret is in a body that nobody may store, and nowhere else (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, rotate } = through(dialect, service);
    const made = await create();
    const rotated = await rotate(made.body.client_id);
    assert.equal(made.status, 201);
    assert.equal(rotated.status, 200);
    for (const { headers, body } of [made, rotated]) {
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('pragma'), 'no-cache');
      assert.equal(headers.get('location'), null);
      assert.ok(!JSON.stringify([...headers]).includes(body.client_secret));
      assert.ok(!String(body.registration_client_uri).includes(body.client_secret));
      assert.ok(!storeText(service).includes(body.client_secret), 'stored in clear');
      assert.ok(!service.output.join('\n').includes(body.client_secret), 'logged');
    }
  });
}

test('S-DCR-30 a secret is 256 bits of the random source, and no two are alike', async () => {
  const { service } = bridge;
  const asked: number[] = [];
  const source = (size: number) => {
    asked.push(size);
    return Buffer.alloc(size, asked.length);
  };
  newSecret(source, () => Buffer.alloc(32), 0);
  assert.equal(asked[0], 32, 'bytes of the value');
  const { create, rotate } = through(KONNECT, service);
  const { body } = await create();
  const secrets = [body.client_secret];
  for (let made = 0; made < 100; made += 1) secrets.push((await rotate(body.client_id)).body.client_secret);
  assert.equal(new Set(secrets).size, 101);
  for (const secret of secrets) assert.match(secret, /^dcrs_[0-9A-Za-z]{43}$/);
  // Every place of the value varies: none of it is fixed or counted up.
  for (let place = 5; place < 48; place += 1) {
    const seen = new Set(secrets.map((secret: string) => secret[place]));
    assert.ok(seen.size > (place === 5 ? 1 : 20), `place ${place} takes ${seen.size} values`);
  }
});

for (const dialect of RFC_DIALECTS) {
  test(`S-DCR-32 a forged Host does not reach the registration's URL (${dialect.name})`, async () => {
    const { service } = bridge;
    const clients = dialect.clients(service);
    const { host, pathname } = new URL(clients);
    const register = (...headers: readonly string[]) =>
      sendRaw(
        clients,
        rawRequest(
          `POST ${pathname}`,
          [...headers, `X-API-KEY: ${API_KEY}`, 'Content-Type: application/json'],
          '{"client_name":"a client"}',
        ),
      );
    const own = await register(`Host: ${host}`);
    const base = own.body.registration_client_uri.replace(own.body.client_id, '');
    assert.match(
      base,
      dialect.name === 'RFC 7591'
        ? new RegExp(`^${service.issuer}/oauth2/register/$`)
        : new RegExp(`^${service.managementUrl}/register/local/$`),
    );
    const forged = [
      [`Host: ${host}`, 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https'],
      [`Host: ${host}`, 'Forwarded: host=evil.example;proto=https'],
      [`Host: ${host}`, 'X-Forwarded-Prefix: /evil.example', 'X-Original-URL: /evil.example'],
    ];
    for (const headers of forged) {
      const answer = await register(...headers);
      assert.ok(!answer.text.includes('evil.example'), answer.text);
      assert.equal(answer.status, 201);
      assert.equal(answer.body.registration_client_uri, base + answer.body.client_id);
      assert.equal(answer.body.issuer, service.issuer);
    }
    const clientsBefore = storedClients(service).length;
    assert.equal((await register(`Host: ${host}`, 'Host: evil.example')).status, 400);
    for (const unknown of [
      ...['evil.example', 'evil.example:80', `evil.example:${new URL(clients).port}`, `good@${host}`],
      ...['localhost.evil.example', '127.0.0.1.evil.example', '203.0.113.7', 'a b', `${host}/x`],
    ]) {
      const answer = await register(`Host: ${unknown}`);
      assertRefusal(answer, { status: 421, error: 'misdirected_request', says: /ALLOWED_HOSTS/ });
      assert.ok(!answer.text.includes('evil'), answer.text);
    }
    assert.equal(storedClients(service).length, clientsBefore);
    const used = await call('GET', own.body.registration_client_uri, {
      headers: { authorization: `Bearer ${own.body.registration_access_token}` },
    });
    assert.equal(used.status, 200);
  });
}
