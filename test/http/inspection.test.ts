/** What is asked and said about tokens that were issued: by whom, and what nobody else learns. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { getListFromStatusListJWT, getStatusListFromJWT } from '@sd-jwt/jwt-status-list';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { ASSERTION_TYPE, assertionOf, newClientKey, tokenByAssertion } from '../support/assertion.ts';
import { type Answer, type Credentials, claimsOf, fetchToken, portal, send } from '../support/bridge.ts';
import { ES256_API } from '../support/domain.ts';
import {
  basic,
  type Inspected,
  introspect,
  postForm,
  revoke,
  startInspected,
} from '../support/inspection.ts';
import { assertPlainHeaders } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import { storeRows } from '../support/store-rows.ts';
import { refuses } from '../support/unwritten.ts';

let inspected: Inspected;
before(async () => {
  inspected = await startInspected({}, { status_list: true });
});
after(async () => {
  assert.equal(await inspected.service.stop(), 0);
});

const PATHS = ['/oauth2/introspect', '/oauth2/revoke'];

async function aToken(parameters: Record<string, string> = {}, client = inspected.client): Promise<string> {
  const { body } = await fetchToken(inspected.service, client, parameters);
  assert.ok(body.access_token, JSON.stringify(body));
  return body.access_token;
}

const ask = (token: string, caller = inspected.api) => introspect(inspected.service, caller, token);

/** S-REV-02: that and nothing else, in an answer that nobody keeps. */
function assertInactive(answer: Answer, label?: string): void {
  assert.equal(answer.status, 200, label);
  assert.equal(answer.text, '{"active":false}', label);
  assertPlainHeaders(answer);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(answer.headers.get('pragma'), 'no-cache');
}

const assertActive = (answer: Answer) => assert.equal(answer.body.active, true, answer.text);

test('the API hears of its token what the token says, and that it is good', async () => {
  const token = await aToken();
  const answer = await ask(token);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, { ...claimsOf(token), active: true, token_type: 'Bearer' });
  assert.equal(answer.body.client_id, inspected.client.client_id);
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
});

test('a client authenticates in the way that it is registered with, here as at the token endpoint', async () => {
  const { service, api } = inspected;
  const token = await aToken();
  const inForm = (credentials: Credentials) =>
    postForm(service, '/oauth2/revoke', { token, ...pick(credentials) });
  const pick = ({ client_id, client_secret }: Credentials) => ({ client_id, client_secret });
  const wrongMethod = await inForm(api);
  assert.equal(wrongMethod.status, 401, 'registered with client_secret_basic');
  assert.match(wrongMethod.headers.get('www-authenticate') ?? '', /^Basic /);
  const { body: poster } = await portal(service).create({ token_endpoint_auth_method: 'client_secret_post' });
  assert.equal((await inForm(poster)).status, 400, "authenticated, and not the token's client");
  assert.equal((await revoke(service, poster, token)).status, 401, 'registered with client_secret_post');
});

test('a client that proves a key revokes its own tokens by it, and not with a secret beside it', async () => {
  const { service } = inspected;
  const key = await newClientKey();
  const { body } = await portal(service).create({
    scope: 'read',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.jwk] },
  });
  const client = { client_id: String(body.client_id), issuer: service.issuer };
  const { body: issued } = await tokenByAssertion(service, await assertionOf(key, client));
  const sent = async (parameters: Record<string, string> = {}, headers: Record<string, string> = {}) => {
    const client_assertion = await assertionOf(key, client);
    const credentials = { client_assertion_type: ASSERTION_TYPE, client_assertion };
    const form = { token: issued.access_token, ...credentials, ...parameters };
    return postForm(service, '/oauth2/revoke', form, headers);
  };
  assertActive(await ask(issued.access_token));
  for (const refused of [
    await sent({ client_secret: 'x' }),
    await sent({}, basic({ client_id: client.client_id, client_secret: 'x' })),
    await sent({ client_assertion: await assertionOf(await newClientKey(), client) }),
    await sent({ client_id: 'another' }),
    await sent({ client_assertion_type: 'another' }),
  ]) {
    assert.equal(refused.status, 401, refused.text);
    assert.equal(refused.body.error_description, 'client authentication failed');
  }
  assertActive(await ask(issued.access_token));
  assert.equal((await sent()).status, 200);
  assertInactive(await ask(issued.access_token));
});

describe('S-REV-01: nobody is served without authentication, at either endpoint', () => {
  const attempts: Readonly<Record<string, () => Record<string, string>>> = {
    'no credentials': () => ({}),
    'a wrong secret': () => basic({ ...inspected.api, client_secret: 'wrong' }),
    'an unknown client': () => basic({ client_id: 'cl_1cTLxJdKtEmBtCkLYIHRDG', client_secret: 'x' }),
    'a bearer token': () => ({ authorization: 'Bearer something' }),
    garbage: () => ({ authorization: 'Basic ###' }),
  };
  for (const [name, headers] of Object.entries(attempts)) {
    test(name, async () => {
      const token = await aToken();
      for (const path of PATHS) {
        const answer = await refuses(
          inspected.service,
          { status: 401, error: 'invalid_client', headers: { 'www-authenticate': /^Basic realm=/ } },
          () => postForm(inspected.service, path, { token }, headers()),
        );
        assert.equal(answer.body.error_description, 'client authentication failed');
      }
      assertActive(await ask(token));
    });
  }

  test('a caller that is not authenticated does not hear what else is wrong', async () => {
    for (const path of PATHS) {
      const answer = await postForm(inspected.service, path, {});
      assert.equal(answer.status, 401);
    }
  });
});

test('S-REV-02: unknown, altered, foreign and meaningless tokens are inactive, and nothing else is said', async () => {
  const token = await aToken();
  const [header = '', payload = '', signature = ''] = token.split('.');
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const forged = (changes: object) =>
    `${encode({ ...decodeProtectedHeader(token), ...changes })}.${payload}.${signature}`;
  const garbage: Readonly<Record<string, string>> = {
    word: 'garbage',
    dots: '..',
    'many dots': '.'.repeat(1000),
    nul: '\0',
    'not UTF-8': '\xff\xfe',
    long: 'a'.repeat(20_000),
    'no signature': `${header}.${payload}.`,
    'another signature': `${header}.${payload}.${Buffer.alloc(256).toString('base64url')}`,
    'another payload': `${header}.${encode({ ...claimsOf(token), scope: 'read write admin' })}.${signature}`,
    'alg none': `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
    'another kid': forged({ kid: 'unknown' }),
    'another type': forged({ typ: 'JWT' }),
    'a critical header': forged({ crit: ['b64'], b64: false }),
    'a header that is no object': `${Buffer.from('"x"').toString('base64url')}.${payload}.${signature}`,
    'a payload that is no JSON': `${header}.${Buffer.from('{').toString('base64url')}.${signature}`,
    'JWE parts': `${token}.a.b`,
  };
  for (const [name, text] of Object.entries(garbage)) assertInactive(await ask(text), name);
  assertActive(await ask(token));
});

test('S-REV-03: who is not the audience hears nothing, whoever the token was issued to', async () => {
  const token = await aToken();
  assertInactive(await ask(token, inspected.otherApi), 'another API');
  assertInactive(await ask(token, inspected.client), 'the client that it was issued to');
  const other = await aToken({ resource: ES256_API });
  assertInactive(await ask(other), 'a token for another API');
  assertActive(await ask(other, inspected.otherApi));
});

describe('S-REV-06: a token that was called back is told to who asks', () => {
  test('a client revokes its token: inactive at once, and for good', async () => {
    const [token, kept] = [await aToken(), await aToken()];
    const answer = await revoke(inspected.service, inspected.client, token);
    assert.deepEqual([answer.status, answer.text], [200, '']);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assertInactive(await ask(token));
    assertActive(await ask(kept));
    const again = await revoke(inspected.service, inspected.client, token);
    assert.deepEqual([again.status, again.text], [200, '']);
    const rows = storeRows(inspected.service).revoked_tokens?.filter(
      (row) => (row as { jti: string }).jti === claimsOf(token).jti,
    );
    assert.deepEqual(
      rows?.map((row) => (row as { expires_at: number }).expires_at),
      [claimsOf(token).exp],
    );
  });

  test('what is no token of ours is revoked already, and nothing is written', async () => {
    const before = storeRows(inspected.service).revoked_tokens;
    for (const token of ['garbage', 'a.b.c', `${await aToken()}x`]) {
      const answer = await revoke(inspected.service, inspected.client, token);
      assert.deepEqual([answer.status, answer.text], [200, '']);
    }
    assert.deepEqual(storeRows(inspected.service).revoked_tokens, before);
  });

  test("another client's token stays good, and who tried is told", async () => {
    const token = await aToken();
    await refuses(inspected.service, { status: 400, error: 'invalid_request', says: /not issued to/ }, () =>
      revoke(inspected.service, inspected.api, token),
    );
    assertActive(await ask(token));
  });

  test('R-12: the signature of a revoked token stays valid; only who asks learns', async () => {
    const token = await aToken();
    await revoke(inspected.service, inspected.client, token);
    const { body: jwks } = await send(`${inspected.service.publicUrl}/.well-known/jwks.json`);
    await jwtVerify(token, createLocalJWKSet(jwks), { issuer: inspected.service.issuer });
    assertInactive(await ask(token));
  });
});

test('R-12: the tokens of a deleted client are inactive at once', async () => {
  const { body: client } = await portal(inspected.service).create({ scope: 'read' });
  const token = await aToken({}, client);
  assertActive(await ask(token));
  await portal(inspected.service).delete(client.client_id);
  assertInactive(await ask(token));
});

test('S-REV-07: a wrong token_type_hint changes nothing', async () => {
  for (const token_type_hint of ['refresh_token', 'access_token', 'no such type', '']) {
    const token = await aToken();
    const form = { token, token_type_hint };
    assertActive(await postForm(inspected.service, '/oauth2/introspect', form, basic(inspected.api)));
    const answer = await postForm(inspected.service, '/oauth2/revoke', form, basic(inspected.client));
    assert.equal(answer.status, 200);
    assertInactive(await ask(token), token_type_hint);
  }
});

describe('a Token Status List, for a resource that has one', () => {
  const path = (uri: string) => {
    assert.ok(uri.startsWith(`${inspected.service.issuer}/oauth2/status-lists/RS256/`), uri);
    return inspected.service.publicUrl + new URL(uri).pathname;
  };
  /** As a verifier does: jose for the signature, and for the list a library of another hand. */
  const statusOf = async (token: string): Promise<number> => {
    const { idx, uri } = getStatusListFromJWT(token);
    const { text } = await send(path(uri));
    const { body: jwks } = await send(`${inspected.service.publicUrl}/.well-known/jwks.json`);
    await jwtVerify(text, createLocalJWKSet(jwks), {
      typ: 'statuslist+jwt',
      subject: uri,
      requiredClaims: ['iat', 'exp', 'ttl'],
    });
    const list = getListFromStatusListJWT(text);
    assert.equal(list.getBitsPerStatus(), 1);
    return list.getStatus(idx);
  };

  test('each token has its place in it, and the place says when the token was revoked', async () => {
    const [token, kept] = [await aToken(), await aToken()];
    assert.deepEqual([await statusOf(token), await statusOf(kept)], [0, 0]);
    await revoke(inspected.service, inspected.client, token);
    assert.deepEqual([await statusOf(token), await statusOf(kept)], [1, 0]);
    assert.equal(claimsOf(await aToken({ resource: ES256_API })).status, undefined, 'only where asked for');
  });

  test('it is served to anybody, may be cached for a moment, and is not sent twice', async () => {
    const url = path(claimsOf(await aToken()).status.status_list.uri);
    const answer = await send(url);
    assert.equal(answer.status, 200);
    assertPlainHeaders(answer);
    assert.equal(answer.headers.get('content-type'), 'application/statuslist+jwt');
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=15');
    assert.ok(answer.text.length < 1500, `${answer.text.length} bytes`);
    const etag = answer.headers.get('etag') ?? '';
    assert.equal((await send(url, { headers: { 'if-none-match': etag } })).status, 304);
  });

  test('a list that nobody opened is not found, and costs no signature', async () => {
    const url = path(claimsOf(await aToken()).status.status_list.uri);
    for (const wrong of [`${url}x`, url.replace('RS256', 'ES256'), url.replace(/[^/]+$/, 'AAAA')]) {
      await refuses(inspected.service, { status: 404, error: 'not_found' }, () => send(wrong));
    }
  });

  test('a status list is no access token, though the same key signed it', async () => {
    const list = await send(path(claimsOf(await aToken()).status.status_list.uri));
    assertInactive(await ask(list.text));
  });

  test('its places outlive the process that gave them', async () => {
    const token = await aToken();
    await revoke(inspected.service, inspected.client, token);
    await inspected.service.stop();
    inspected = { ...inspected, service: await startService(inspected.options) };
    assert.equal(await statusOf(token), 1);
  });
});

test('a request without one token, or in another shape, is refused', async () => {
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    send(inspected.service.publicUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...basic(inspected.api), ...headers },
      body,
    });
  const invalid = { status: 400, error: 'invalid_request' };
  for (const path of PATHS) {
    await refuses(inspected.service, invalid, () => post(path, ''));
    await refuses(inspected.service, invalid, () => post(path, 'token='));
    await refuses(inspected.service, invalid, () => post(path, 'token=a&token=b'));
    await refuses(inspected.service, invalid, () => post(`${path}?token=a`, ''));
    await refuses(inspected.service, invalid, () => post(path, '{}', { 'content-type': 'application/json' }));
    const large = { status: 413, error: 'request_too_large' };
    await refuses(inspected.service, large, () => post(path, `token=${'a'.repeat(40_000)}`));
    const got = { status: 405, error: 'method_not_allowed' };
    await refuses(inspected.service, got, () => send(inspected.service.publicUrl + path));
  }
});

test('a revocation outlives the process that took it', async () => {
  const token = await aToken();
  await revoke(inspected.service, inspected.client, token);
  await inspected.service.stop();
  inspected = { ...inspected, service: await startService(inspected.options) };
  assertInactive(await ask(token));
});

test('S-REV-08: each caller may ask so many times a minute, and another is not slowed down by it', async () => {
  await inspected.service.stop();
  const { options } = inspected;
  const env = { ...options.env, INTROSPECTIONS_PER_MINUTE: '5' };
  inspected = { ...inspected, service: await startService({ ...options, env }) };
  const token = await aToken();
  for (let call = 0; call < 5; call += 1) assertActive(await ask(token));
  const limited = await refuses(inspected.service, { status: 429, error: 'too_many_requests' }, () =>
    ask(token),
  );
  assert.match(limited.headers.get('retry-after') ?? '', /^[1-9]\d?$/);
  assertInactive(await ask(token, inspected.otherApi));
  assert.equal((await revoke(inspected.service, inspected.client, token)).status, 200);
});
