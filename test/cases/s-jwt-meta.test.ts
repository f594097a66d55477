/** Tokens and metadata as verifiers of little patience meet them, over a Redis that goes away. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { API, ES256_API } from '../support/domain.ts';
import { eventually } from '../support/eventually.ts';
import { domain, type Operated, startOperated } from '../support/operated-service.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';

let redis: RedisServer;
let it: Operated;
let client: Credentials;
before(async () => {
  redis = await startRedis();
  it = await startOperated({ config: domain({}), env: { STORE_URL: redis.url, RING_REFRESH_MS: '100' } });
  client = (await portal(it.service).create({ client_name: 'a client', scope: 'read es:write' })).body;
});
after(async () => {
  assert.equal(await it.service.stop(), 0);
  await redis.stop();
});

const JWKS = '/.well-known/jwks.json';
const PATHS = [JWKS, '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'];
const get = (path: string) => send(it.service.publicUrl + path);

async function token(resource: string): Promise<string> {
  const { status, body, text } = await fetchToken(it.service, client, { resource });
  assert.equal(status, 200, text);
  return body.access_token;
}

test('S-JWT-06: a token that was cut, flipped or given another header, payload or key verifies nowhere', async () => {
  const [one, other] = [await token(API), await token(ES256_API)];
  const jwks = createRemoteJWKSet(new URL(it.service.publicUrl + JWKS));
  await jwtVerify(one, jwks);
  const [header = '', payload = '', signature = ''] = one.split('.');
  const [otherHeader = '', otherPayload = '', otherSignature = ''] = other.split('.');
  const flipped = Buffer.from(signature, 'base64url');
  flipped.writeUInt8(flipped.readUInt8(9) ^ 1, 9);
  for (const forged of [
    one.slice(0, -1),
    one.slice(0, -8),
    `${header}.${payload}.`,
    `${header}.${payload}`,
    `${header}.${payload}.${flipped.toString('base64url')}`,
    `${otherHeader}.${payload}.${signature}`,
    `${header}.${otherPayload}.${signature}`,
    `${header}.${payload}.${otherSignature}`,
  ]) {
    await assert.rejects(jwtVerify(forged, jwks), forged);
  }
});

test('S-JWT-06: a secret counts whole: cut, lengthened or with a bit changed it is refused', async () => {
  const { client_secret: secret } = client;
  for (const wrong of [
    secret.slice(0, -1),
    `${secret}x`,
    `${secret} `,
    secret.slice(0, 20),
    secret.toUpperCase(),
  ]) {
    const { status, body } = await fetchToken(it.service, { ...client, client_secret: wrong });
    assert.deepEqual([status, body.error], [401, 'invalid_client']);
  }
});

test('S-JWT-08: a resource is signed with RS256 unless it says otherwise, so that gateways of RSA only can read it', async () => {
  assert.equal(decodeProtectedHeader(await token(API)).alg, 'RS256');
  assert.equal(decodeProtectedHeader(await token(ES256_API)).alg, 'ES256');
});

test('S-JWT-13: a token has no nbf that a slow verifier could stumble over, and an iat of now', async () => {
  const claims = decodeJwt(await token(API));
  assert.ok(!('nbf' in claims));
  assert.ok(Math.abs((claims.iat ?? 0) - Date.now() / 1000) <= 2);
});

test('S-META-05, S-META-08, R-01: while Redis is away, and while keys change, no fetch of keys or metadata fails', async () => {
  const before = await Promise.all(PATHS.map(get));
  await it.operate('keys', 'announce', 'EdDSA');
  const statuses = new Map<number, number>();
  const fetchSome = async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) => get(PATHS[at % PATHS.length] ?? JWKS)),
    );
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };
  const until = performance.now() + 1500;
  while (performance.now() < until) await fetchSome();
  let announced = await get(JWKS);
  await eventually(async () => {
    await fetchSome();
    announced = await get(JWKS);
    assert.notEqual(
      announced.headers.get('etag'),
      before[0]?.headers.get('etag'),
      'the new key is published',
    );
  }, 5000);

  await redis.stop();
  for (let turn = 0; turn < 5; turn += 1) await fetchSome();
  const away = await Promise.all(PATHS.map(get));
  assert.deepEqual([...statuses.keys()], [200]);
  assert.equal(away[0]?.headers.get('etag'), announced.headers.get('etag'));
  assert.deepEqual(
    away.slice(1).map(({ headers, text }) => [headers.get('etag'), text]),
    before.slice(1).map(({ headers, text }) => [headers.get('etag'), text]),
  );
});
