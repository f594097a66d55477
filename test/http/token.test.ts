/** The token endpoint as its contract has it, over real HTTP: what is issued, exactly, and that it verifies. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import {
  type Answer,
  type Credentials,
  claimsOf,
  fetchToken,
  portal,
  postToken,
  send,
} from '../support/bridge.ts';
import { API, addPortals, DOMAIN, EDDSA_API, ES256_API, PS256_API } from '../support/domain.ts';
import { assertPlainHeaders } from '../support/refusal.ts';
import { API_KEY, newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { rowsOf } from '../support/unwritten.ts';

let service: TestService;
let wide: Credentials;
let keys: Record<'wide', string>;
before(async () => {
  const kek = newKeyEncryptionKey();
  service = await startService({ config: DOMAIN, env: { KEY_ENCRYPTION_KEY: kek } });
  keys = await addPortals(service, kek, 'wide');
  wide = await registered({ scope: 'read write es:write' }, keys.wide);
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

async function registered(
  metadata: Record<string, unknown> = { scope: 'read' },
  key = API_KEY,
): Promise<Credentials> {
  const { status, text, body } = await portal(service, { key }).create(metadata);
  assert.equal(status, 201, text);
  return body;
}

/** Asserts a success as RFC 6749 section 5.1 has it; the answer. */
function issued(answer: Answer): Answer {
  assert.equal(answer.status, 200, answer.text);
  assertPlainHeaders(answer);
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(answer.headers.get('pragma'), 'no-cache');
  for (const name of ['etag', 'last-modified', 'www-authenticate'])
    assert.equal(answer.headers.get(name), null);
  return answer;
}

test('S-JWT-01, S-JWT-02: header and claims are exactly those of RFC 9068, azp and what is mapped', async () => {
  const client = await registered({
    scope: 'read write',
    labels: { application_id: 'app-7' },
    plan: 'gold',
    secret_note: 'x',
  });
  const began = Math.floor(Date.now() / 1000);
  const { body } = issued(await fetchToken(service, client));
  const { kid, ...header } = decodeProtectedHeader(body.access_token);
  assert.deepEqual(header, { alg: 'RS256', typ: 'at+jwt' });
  const jwks = await send(`${service.publicUrl}/.well-known/jwks.json`);
  assert.ok(
    jwks.body.keys.some((key: { kid: string }) => key.kid === kid),
    'the kid is published',
  );
  const { iat, exp, jti, ...claims } = claimsOf(body.access_token);
  assert.deepEqual(claims, {
    application_id: 'app-7',
    plan: 'gold',
    tier: 'gold',
    beta: true,
    iss: service.issuer,
    sub: client.client_id,
    client_id: client.client_id,
    azp: client.client_id,
    aud: API,
    scope: 'read write',
  });
  assert.ok(iat >= began && iat <= began + 5);
  assert.equal(exp - iat, 600);
  assert.match(jti, /^[\w-]{22}$/);
});

test('S-TOK-18: the answer has a token, its type, its lifetime and its scope, and never a refresh token', async () => {
  const { body } = issued(await fetchToken(service, await registered({ scope: 'read' })));
  assert.deepEqual(Object.keys(body).sort(), ['access_token', 'expires_in', 'scope', 'token_type']);
  assert.deepEqual([body.token_type, body.expires_in, body.scope], ['Bearer', 600, 'read']);
});

test('a client without scopes gets a token whose scope is an empty text', async () => {
  const { body } = issued(await fetchToken(service, await registered({})));
  assert.deepEqual(Object.keys(body).sort(), ['access_token', 'expires_in', 'token_type']);
  assert.equal(claimsOf(body.access_token).scope, '');
});

for (const [resource, alg, audience, lifetime] of [
  [API, 'RS256', API, 600],
  [ES256_API, 'ES256', 'es', 120],
  [PS256_API, 'PS256', PS256_API, 600],
  [EDDSA_API, 'EdDSA', EDDSA_API, 600],
] as const) {
  test(`the resource chooses the algorithm: ${alg}, and a verifier that knows only the issuer accepts it`, async () => {
    const { body } = issued(await fetchToken(service, wide, { resource, scope: 'read' }));
    const jwks = createRemoteJWKSet(new URL(`${service.publicUrl}/.well-known/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(body.access_token, jwks, {
      issuer: service.issuer,
      audience,
      typ: 'at+jwt',
      algorithms: [alg],
    });
    assert.equal(protectedHeader.alg, alg);
    assert.equal(payload.aud, audience);
    assert.equal(payload.scope, 'read');
    assert.equal(body.expires_in, lifetime);
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), lifetime);
  });
}

test('audience is resource by another name', async () => {
  for (const parameters of [{ audience: ES256_API }, { audience: ES256_API, resource: ES256_API }]) {
    const { body } = issued(await fetchToken(service, wide, parameters));
    assert.equal(claimsOf(body.access_token).aud, 'es');
  }
});

test('S-TOK-16: no resource, or an empty one, is the default resource', async () => {
  for (const parameters of [{}, { resource: '' }, { audience: '' }]) {
    const { body } = issued(await fetchToken(service, wide, parameters));
    assert.equal(claimsOf(body.access_token).aud, API);
  }
});

test('without a scope the token has all that is granted at that resource, with one no more than asked', async () => {
  const scopes = async (parameters: Record<string, string>) =>
    issued(await fetchToken(service, wide, parameters)).body.scope;
  assert.equal(await scopes({}), 'read write');
  assert.equal(await scopes({ resource: ES256_API }), 'read es:write');
  assert.equal(await scopes({ scope: 'write' }), 'write');
  assert.equal(await scopes({ scope: '' }), 'read write', 'RFC 6749 section 3.1: empty is omitted');
});

test('client_secret_post is for clients that are registered for it', async () => {
  const client = await registered({ scope: 'read', token_endpoint_auth_method: 'client_secret_post' });
  const { client_id, client_secret } = client;
  issued(await postToken(service, { grant_type: 'client_credentials', client_id, client_secret }));
});

test('RFC 6749 section 2.3.1: credentials in Basic are form-encoded, whichever characters are', async () => {
  const { client_id, client_secret } = await registered();
  const encodeAll = (text: string) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('');
  for (const [id, secret] of [
    [encodeAll(client_id), encodeAll(client_secret)],
    [client_id, encodeAll(client_secret).toUpperCase().replaceAll('%X', '%x')],
    [encodeURIComponent(client_id), encodeURIComponent(client_secret)],
  ] as const) {
    issued(await fetchToken(service, { client_id: id, client_secret: secret }));
  }
});

test('the client_id of Basic may be said again in the body', async () => {
  const client = await registered();
  issued(await fetchToken(service, client, { client_id: client.client_id }));
});

test('the scheme is Basic in any case, the type may have a charset, and unknown parameters are ignored', async () => {
  const client = await registered();
  const basic = btoa(`${client.client_id}:${client.client_secret}`);
  for (const scheme of ['Basic', 'basic', 'BASIC']) {
    for (const type of [
      'application/x-www-form-urlencoded',
      'application/x-www-form-urlencoded; charset=UTF-8',
      'application/x-www-form-urlencoded;charset="utf-8"',
      'Application/X-WWW-Form-Urlencoded',
    ]) {
      const answer = await send(`${service.publicUrl}/oauth2/token`, {
        method: 'POST',
        headers: { authorization: `${scheme} ${basic}`, 'content-type': type },
        body: 'grant_type=client_credentials&__proto__=a&constructor=b&toString=c&unknown=d&state=',
      });
      issued(answer);
      assert.equal(claimsOf(answer.body.access_token).client_id, client.client_id);
    }
  }
});

test('the answer is JSON whatever a caller says that it accepts', async () => {
  const client = await registered();
  for (const accept of ['text/html', 'application/xml', 'application/jwt', '*/*;q=0']) {
    issued(await postToken(service, { grant_type: 'client_credentials' }, { ...basicOf(client), accept }));
    const refusal = await postToken(service, {}, { ...basicOf(client), accept });
    assert.equal(refusal.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal(refusal.body.error, 'invalid_request');
  }
});

function basicOf({ client_id, client_secret }: Credentials): { authorization: string } {
  return { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` };
}

test('S-META-09: a page of another origin gets no CORS header', async () => {
  const client = await registered();
  const origin = { origin: 'https://evil.example' };
  issued(await postToken(service, { grant_type: 'client_credentials' }, { ...basicOf(client), ...origin }));
  const preflight = await send(`${service.publicUrl}/oauth2/token`, {
    method: 'OPTIONS',
    headers: {
      ...origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  });
  assertPlainHeaders(preflight);
});

test('S-META-01: no header of a request changes what a token says', async () => {
  const forged = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-prefix': '/evil',
    forwarded: 'host=evil.example;proto=https',
    'x-real-ip': '1.2.3.4',
  };
  const client = await registered();
  const { body } = issued(
    await postToken(service, { grant_type: 'client_credentials' }, { ...basicOf(client), ...forged }),
  );
  assert.equal(claimsOf(body.access_token).iss, service.issuer);
});

test('a token costs the store nothing: nothing is written', async () => {
  const client = await registered();
  const before = rowsOf(service);
  await Promise.all(Array.from({ length: 20 }, () => fetchToken(service, client)));
  await fetchToken(service, { ...client, client_secret: 'wrong' });
  assert.deepEqual(rowsOf(service), before);
});

test('every token has a jti of its own, also of requests at the same moment', async () => {
  const client = await registered();
  const answers = await Promise.all(Array.from({ length: 100 }, () => fetchToken(service, client)));
  const ids = answers.map((answer) => claimsOf(issued(answer).body.access_token).jti);
  assert.equal(new Set(ids).size, ids.length);
});

test('S-JWT-14: an update that narrows the scope holds for the next token', async () => {
  const client = await registered({ scope: 'read write' });
  assert.equal((await fetchToken(service, client)).body.scope, 'read write');
  await portal(service).update(client.client_id, { scope: 'read' });
  assert.equal((await fetchToken(service, client)).body.scope, 'read');
  assert.equal((await fetchToken(service, client, { scope: 'write' })).body.error, 'invalid_scope');
});

test('the metrics count tokens and refusals by reason, and name no client', async () => {
  const client = await registered();
  await fetchToken(service, client);
  await fetchToken(service, { ...client, client_secret: 'wrong' });
  await fetchToken(service, client, { scope: 'admin' });
  const { text, headers } = await send(`${service.opsUrl}/metrics`);
  assert.match(headers.get('content-type') ?? '', /^text\/plain/);
  for (const counted of [
    /^dcr_bridge_tokens_issued_total [1-9]/m,
    /^dcr_bridge_tokens_refused_total\{reason="invalid_client"\} [1-9]/m,
    /^dcr_bridge_tokens_refused_total\{reason="invalid_scope"\} [1-9]/m,
    /^dcr_bridge_http_request_duration_seconds_count\{listener="public",route="\/oauth2\/token",method="POST",status="401"\} [1-9]/m,
  ]) {
    assert.match(text, counted);
  }
  assert.ok(!text.includes('cl_'));
});
