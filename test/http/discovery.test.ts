/** What the service says of itself and of its keys, to whoever asks: from memory, unmoved by the request. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { calculateJwkThumbprint, importSPKI, jwtVerify } from 'jose';
import type { AuthMethod } from '../../src/clients/auth-method.ts';
import { CLIENT_SIGNING_ALGS } from '../../src/clients/client-jwks.ts';
import { assertionOf, newClientKey, tokenByAssertion } from '../support/assertion.ts';
import { type Answer, type Credentials, fetchToken, portal, postToken, send } from '../support/bridge.ts';
import { addPortals, DOMAIN, EDDSA_API, ES256_API, PS256_API } from '../support/domain.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { assertPlainHeaders, assertRefusal } from '../support/refusal.ts';
import { API_KEY, newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';

const OPENID = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';
const JWKS = '/.well-known/jwks.json';

let service: TestService;
let wideKey: string;
before(async () => {
  const kek = newKeyEncryptionKey();
  service = await startService({ config: DOMAIN, env: { KEY_ENCRYPTION_KEY: kek } });
  wideKey = (await addPortals(service, kek, 'wide')).wide;
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

const get = (path: string, headers: Record<string, string> = {}) =>
  send(service.publicUrl + path, { headers });

interface PublishedKey {
  readonly kid: string;
  readonly alg: string;
  readonly kty: string;
}
const published = async (): Promise<readonly PublishedKey[]> => (await get(JWKS)).body.keys;

test('both discovery documents are the same, and say exactly what there is', async () => {
  const openid = await get(OPENID);
  const oauth = await get(OAUTH);
  assert.equal(openid.status, 200);
  assert.equal(openid.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(oauth.text, openid.text);
  assert.deepEqual(openid.body, {
    issuer: service.issuer,
    token_endpoint: `${service.issuer}/oauth2/token`,
    registration_endpoint: `${service.issuer}/oauth2/register`,
    introspection_endpoint: `${service.issuer}/oauth2/introspect`,
    revocation_endpoint: `${service.issuer}/oauth2/revoke`,
    jwks_uri: `${service.issuer}/.well-known/jwks.json`,
    scopes_supported: ['read', 'write', 'es:write', 'hidden'],
    response_types_supported: [],
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: [...CLIENT_SIGNING_ALGS],
    dpop_signing_alg_values_supported: ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
    introspection_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
    ],
    introspection_endpoint_auth_signing_alg_values_supported: [...CLIENT_SIGNING_ALGS],
    revocation_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
    ],
    revocation_endpoint_auth_signing_alg_values_supported: [...CLIENT_SIGNING_ALGS],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA'],
  });
});

describe('S-META-04: what is advertised works, what works is advertised', () => {
  test('every authentication method that is named gets a token, and no other can be registered', async () => {
    const { body: metadata } = await get(OPENID);
    for (const method of metadata.token_endpoint_auth_methods_supported) {
      const key = await newClientKey();
      const { body } = await portal(service).create({
        scope: 'read',
        token_endpoint_auth_method: method,
        jwks: { keys: [key.jwk] },
      });
      const { client_id, client_secret } = body;
      const grant = { grant_type: metadata.grant_types_supported[0] };
      const answer = await {
        client_secret_basic: () => fetchToken(service, body),
        client_secret_post: () => postToken(service, { ...grant, client_id, client_secret }),
        private_key_jwt: async () =>
          tokenByAssertion(service, await assertionOf(key, { client_id, issuer: metadata.issuer })),
      }[method as Exclude<AuthMethod, `${string}tls_client_auth`>]();
      assert.equal(answer.status, 200, method);
    }
    for (const method of ['none', 'client_secret_jwt', 'tls_client_auth', 'self_signed_tls_client_auth']) {
      const answer = await portal(service).create({ token_endpoint_auth_method: method });
      assert.equal(answer.status, 400, method);
    }
  });

  test('every endpoint that is named answers, at the URL that is named', async () => {
    const { body: metadata } = await get(OPENID);
    assert.equal((await send(metadata.jwks_uri)).status, 200);
    assert.equal((await send(metadata.token_endpoint, { method: 'POST' })).status, 400);
    assert.equal((await send(metadata.issuer + OPENID)).body.issuer, metadata.issuer);
    const named = Object.keys(metadata).filter((member) => /_endpoint$|_uri$/.test(member));
    assert.deepEqual(named.sort(), [
      'introspection_endpoint',
      'jwks_uri',
      'registration_endpoint',
      'revocation_endpoint',
      'token_endpoint',
    ]);
    const register = (headers: Record<string, string>) =>
      send(metadata.registration_endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"scope":"read"}',
      });
    assertRefusal(await register({}), { status: 401, error: 'unauthorized' });
    const registered = await register({ authorization: `Bearer ${API_KEY}` });
    assert.equal(registered.status, 201);
    assert.equal((await fetchToken(service, registered.body)).status, 200);
  });

  test('every algorithm that is named signs a token, and its key is published', async () => {
    const { body: metadata } = await get(OPENID);
    const { body: client } = await portal(service, { key: wideKey }).create({ scope: 'read' });
    const used = new Set<unknown>();
    for (const resource of [undefined, ES256_API, PS256_API, EDDSA_API]) {
      const { body } = await fetchToken(service, client, resource === undefined ? {} : { resource });
      const { kid, alg } = JSON.parse(Buffer.from(body.access_token.split('.')[0], 'base64url').toString());
      used.add(alg);
      assert.equal((await published()).find((key) => key.kid === kid)?.alg, alg);
    }
    assert.deepEqual([...used].sort(), [...metadata.id_token_signing_alg_values_supported].sort());
  });
});

describe('the key set', () => {
  test('each key is public, is for signatures, and is named by its thumbprint', async () => {
    const answer = await get(JWKS);
    assert.equal(answer.status, 200);
    assert.deepEqual(Object.keys(answer.body), ['keys']);
    assert.deepEqual([...answer.body.keys.map(({ alg }: PublishedKey) => alg)].sort(), [
      'ES256',
      'EdDSA',
      'PS256',
      'RS256',
    ]);
    for (const key of answer.body.keys) {
      assert.equal(key.use, 'sig');
      assert.equal(key.kid, await calculateJwkThumbprint(key));
      const members = { RSA: ['n', 'e'], EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'] }[
        key.kty as 'RSA' | 'EC' | 'OKP'
      ];
      assert.deepEqual(
        Object.keys(key).sort(),
        ['alg', 'kid', 'kty', 'use', ...members].sort(),
        'no private member',
      );
      assert.equal(createPublicKey({ key, format: 'jwk' }).type, 'public');
    }
  });

  test('each key is there as PEM too, and verifies a token of its algorithm', async () => {
    const { body: client } = await portal(service).create({ scope: 'read' });
    const { body: token } = await fetchToken(service, client);
    for (const { kid, alg } of await published()) {
      const answer = await get(`/.well-known/keys/${kid}.pem`);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), 'application/x-pem-file');
      assert.match(answer.text, /^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]+-----END PUBLIC KEY-----\n$/);
      const key = await importSPKI(answer.text, alg);
      if (alg === 'RS256') await jwtVerify(token.access_token, key, { issuer: service.issuer });
    }
  });

  test('a key that is not there is the 404 of everything else', async () => {
    const [first] = await published();
    const kids = [
      'unknown',
      `${first?.kid}x`,
      first?.kid.toUpperCase(),
      '__proto__',
      'constructor',
      '..%2fring.json',
      '%00',
      '%',
    ];
    for (const kid of kids) {
      assertRefusal(await get(`/.well-known/keys/${kid}.pem`), { status: 404, error: 'not_found' });
    }
    for (const path of [
      '/.well-known/keys',
      '/.well-known/keys/',
      `/.well-known/keys/${first?.kid}`,
      `/.well-known/keys/${first?.kid}.key`,
    ]) {
      assertRefusal(await get(path), { status: 404, error: 'not_found' });
    }
  });
});

const CACHED: readonly (readonly [string, () => Promise<string>])[] = [
  ['the OpenID metadata', async () => OPENID],
  ['the OAuth metadata', async () => OAUTH],
  ['the key set', async () => JWKS],
  ['a key as PEM', async () => `/.well-known/keys/${(await published())[0]?.kid}.pem`],
];

for (const [name, pathOf] of CACHED) {
  describe(name, () => {
    let path: string;
    let first: Answer;
    before(async () => {
      path = await pathOf();
      first = await get(path);
    });

    test('S-META-06, L-19: it may be kept for five minutes, and used when we are away', () => {
      assertPlainHeaders(first);
      assert.match(
        first.headers.get('cache-control') ?? '',
        /^public, max-age=300, stale-while-revalidate=\d+, stale-if-error=\d+$/,
      );
      assert.match(first.headers.get('etag') ?? '', /^"[\w-]{43}"$/, 'strong');
      assert.equal(first.headers.get('content-length'), String(Buffer.byteLength(first.text)));
      for (const header of ['pragma', 'last-modified', 'expires'])
        assert.equal(first.headers.get(header), null);
    });

    test('whoever has it already is told so, and gets no body', async () => {
      const etag = first.headers.get('etag') ?? '';
      for (const has of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const answer = await get(path, { 'if-none-match': has });
        assert.deepEqual([answer.status, answer.text], [304, ''], has);
        assert.equal(answer.headers.get('etag'), etag);
        assert.equal(answer.headers.get('cache-control'), first.headers.get('cache-control'));
      }
      for (const has of ['"other"', '', etag.slice(1, -1), `${etag.slice(0, -2)}"`]) {
        const answer = await get(path, { 'if-none-match': has });
        assert.deepEqual([answer.status, answer.text], [200, first.text], has);
      }
    });

    test('HEAD is GET without its body', async () => {
      const answer = await send(service.publicUrl + path, { method: 'HEAD' });
      assert.deepEqual([answer.status, answer.text], [200, '']);
      for (const header of ['etag', 'content-type', 'content-length', 'cache-control']) {
        assert.equal(answer.headers.get(header), first.headers.get(header), header);
      }
      const fresh = await send(service.publicUrl + path, {
        method: 'HEAD',
        headers: { 'if-none-match': first.headers.get('etag') ?? '' },
      });
      assert.equal(fresh.status, 304);
    });

    test('S-META-01, S-META-02: no header of a request changes a byte of it', async () => {
      const forged = [
        ['Host: evil.example'],
        ['Host: evil.example:8080', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https'],
        [
          'Host: localhost',
          'Forwarded: host=evil.example;proto=https',
          'X-Forwarded-Prefix: /evil',
          'X-Original-URL: /evil',
        ],
        ['Host: a@evil.example'],
        ['Host: [::1]'],
        ['Host: ', 'X-Forwarded-For: 1.2.3.4'],
      ];
      for (const headers of forged) {
        const answer = await sendRaw(service.publicUrl, rawRequest(`GET ${path}`, headers));
        assert.equal(answer.status, 200, headers.join());
        assert.equal(answer.text, first.text);
        assert.equal(answer.headers.get('etag'), first.headers.get('etag'));
        assertPlainHeaders(answer);
      }
    });

    test('S-META-09: a page of another origin gets no CORS header', async () => {
      for (const origin of ['https://evil.example', 'null']) {
        assertPlainHeaders(await get(path, { origin }));
        const headers = { origin, 'access-control-request-method': 'GET' };
        assertPlainHeaders(await send(service.publicUrl + path, { method: 'OPTIONS', headers }));
      }
    });

    test('it is only read', async () => {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        const answer = await send(service.publicUrl + path, { method });
        assertRefusal(answer, { status: 405, error: 'method_not_allowed', headers: { allow: 'HEAD, GET' } });
      }
    });
  });
}

test('S-META-07: a flood of readers is answered, every time the same', async () => {
  const first = await get(JWKS);
  for (let round = 0; round < 5; round += 1) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => get(JWKS)));
    for (const answer of answers) assert.equal(answer.text, first.text);
  }
});

test('a client of the metadata needs nothing else: discovery, token, keys', async () => {
  const { body: credentials }: { body: Credentials } = await portal(service).create({ scope: 'read' });
  const { body: metadata } = await get(OPENID);
  const token = await send(metadata.token_endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${credentials.client_id}:${credentials.client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  assert.equal(token.status, 200);
});
