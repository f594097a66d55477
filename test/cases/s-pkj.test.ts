/** The abuse cases of `private_key_jwt`, each by its id, against a running service. */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { exportJWK } from 'jose';
import {
  ASSERTION_TYPE,
  assertionOf,
  type ClientKey,
  epoch,
  newClientKey,
  tokenByAssertion,
} from '../support/assertion.ts';
import { type Answer, claimsOf, fetchToken, portal, postToken, send } from '../support/bridge.ts';
import { startService, type TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';

let service: TestService;
let key: ClientKey;
let stranger: ClientKey;
let client: { readonly client_id: string; readonly issuer: string };
before(async () => {
  service = await startService();
  [key, stranger] = await Promise.all([newClientKey('ES256', 'mine'), newClientKey('ES256', 'mine')]);
  client = await register({ jwks: { keys: [key.jwk] } });
});
after(() => service?.stop());

async function register(metadata: Readonly<Record<string, unknown>>) {
  const { status, body, text } = await portal(service).create({
    scope: 'read',
    token_endpoint_auth_method: 'private_key_jwt',
    ...metadata,
  });
  assert.equal(status, 201, text);
  assert.equal(body.client_secret, undefined, 'a client with keys has no secret');
  return { client_id: String(body.client_id), issuer: service.issuer };
}

type Changes = Readonly<Record<string, unknown>>;
const assertion = (claims: Changes = {}, header: Changes = {}) => assertionOf(key, client, claims, header);

function issued(answer: Answer, client_id = client.client_id): void {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(claimsOf(answer.body.access_token).client_id, client_id);
}

const FAILED = {
  status: 401,
  error: 'invalid_client',
  says: /^client authentication failed$/,
  headers: { pragma: 'no-cache', 'www-authenticate': undefined },
} as const;

function unauthenticated(act: () => Promise<Answer>): Promise<Answer> {
  return refuses(service, FAILED, act);
}

const rejects = (text: string | Promise<string>, parameters = {}) =>
  unauthenticated(async () => tokenByAssertion(service, await text, parameters));

/** Signed by hand: what a library would not let us say. */
function byHand(header: object, claims: object, secret: string): string {
  const encoded = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const signature = createHmac('sha256', secret).update(encoded.join('.')).digest('base64url');
  return [...encoded, signature].join('.');
}

test('an assertion by a registered key gets a token, for each algorithm that the metadata names', async () => {
  const { body } = await send(`${service.issuer}/.well-known/openid-configuration`);
  const algs: string[] = body.token_endpoint_auth_signing_alg_values_supported;
  assert.deepEqual(algs, ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']);
  const keys = await Promise.all(algs.map((alg) => newClientKey(alg)));
  const all = await register({ jwks: { keys: keys.map(({ jwk }) => jwk) } });
  for (const each of keys) {
    issued(await tokenByAssertion(service, await assertionOf(each, all)), all.client_id);
  }
});

test('the types JWT and client-authentication+jwt are taken, and so is none', async () => {
  for (const typ of ['JWT', 'jwt', 'client-authentication+jwt', 'application/client-authentication+jwt']) {
    issued(await tokenByAssertion(service, await assertion({}, { typ })));
  }
});

test('S-PKJ-01: the audience is the issuer and nothing else', async () => {
  const { issuer } = client;
  for (const aud of [
    `${issuer}/oauth2/token`,
    `${issuer}/`,
    issuer.toUpperCase(),
    'https://other.example',
    [issuer],
    [issuer, 'https://other.example'],
    ['https://other.example', issuer],
    '',
    undefined,
  ]) {
    await rejects(assertion({ aud }));
  }
});

test('S-PKJ-01: nor does a Host header make another audience ours (L-03)', async () => {
  const text = await assertion({ aud: 'http://evil.example' });
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: text,
  });
  for (const headers of [{ 'x-forwarded-host': 'evil.example' }, { forwarded: 'host=evil.example' }]) {
    await unauthenticated(() => postToken(service, Object.fromEntries(body), headers));
  }
});

test('S-PKJ-03: an assertion is good once', async () => {
  const text = await assertion();
  issued(await tokenByAssertion(service, text));
  await rejects(text);
  // Another assertion of the same id is the same to us, whatever else it says.
  const jti = randomUUID();
  issued(await tokenByAssertion(service, await assertion({ jti })));
  await rejects(assertion({ jti, exp: epoch() + 90 }));
});

test('S-PKJ-03: ids are counted for each client by itself, whatever the two look like together (L-07)', async () => {
  const other = await register({ jwks: { keys: [key.jwk] } });
  const jti = randomUUID();
  issued(await tokenByAssertion(service, await assertion({ jti })));
  issued(await tokenByAssertion(service, await assertionOf(key, other, { jti })), other.client_id);
});

test('S-PKJ-04: of twenty copies sent at once exactly one gets a token', async () => {
  const text = await assertion();
  const answers = await Promise.all(Array.from({ length: 20 }, () => tokenByAssertion(service, text)));
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, ...Array.from({ length: 19 }, () => 401)]);
});

test('S-PKJ-06: a forgery does not use up the id of the assertion that it copies', async () => {
  const jti = randomUUID();
  await rejects(assertionOf(stranger, client, { jti }));
  await rejects(assertion({ jti, aud: 'https://other.example' }));
  await rejects(assertion({ jti, exp: epoch() - 60, iat: epoch() - 120 }));
  await rejects(assertion({ jti }), { client_id: 'another' });
  await rejects(assertion({ jti }), { client_assertion_type: 'urn:other' });
  issued(await tokenByAssertion(service, await assertion({ jti })));
});

describe('S-PKJ-08: times', () => {
  const now = epoch();
  /** Both of one look at the clock. */
  const livingFor = (seconds: number, iat = epoch()) => ({ iat, exp: iat + seconds });
  const wrong: Readonly<Record<string, () => Changes>> = {
    'no exp': () => ({ exp: undefined }),
    'an exp in the past': () => ({ iat: epoch() - 120, exp: epoch() - 31 }),
    'an exp ten years ahead (L-05)': () => ({ exp: epoch() + 10 * 365 * 24 * 3600 }),
    'more than five minutes of life': () => livingFor(301),
    'no iat': () => ({ iat: undefined }),
    'an iat in the future': () => ({ iat: epoch() + 40, exp: epoch() + 60 }),
    'an iat of long ago': () => ({ iat: epoch() - 3600 }),
    'an exp before its iat': () => ({ iat: epoch() + 20, exp: epoch() + 10 }),
    'an nbf in the future': () => ({ nbf: epoch() + 40 }),
    'an exp that is a text': () => ({ exp: String(now + 60) }),
    'an iat that is a text': () => ({ iat: String(now) }),
    'a huge exp': () => ({ exp: 1e300 }),
    'no jti': () => ({ jti: undefined }),
    'an empty jti': () => ({ jti: '' }),
    'a jti that is a number': () => ({ jti: 7 }),
    'a jti of 256 characters': () => ({ jti: 'x'.repeat(256) }),
  };
  for (const [name, claims] of Object.entries(wrong)) {
    test(`${name} is refused`, async () => void (await rejects(assertion(claims()))));
  }

  test('a clock that is half a minute off is forgiven, and five minutes are not too long', async () => {
    for (const claims of [
      { iat: epoch() + 25, exp: epoch() + 60, nbf: epoch() + 25 },
      { exp: epoch() + 299 },
      { iat: epoch(), exp: epoch() + 1 },
    ]) {
      issued(await tokenByAssertion(service, await assertion(claims)));
    }
  });
});

test('S-PKJ-10: issuer, subject and client_id are one client, the one that the token is for', async () => {
  const other = await register({ jwks: { keys: [stranger.jwk] } });
  await rejects(assertion({ iss: other.client_id }));
  await rejects(assertion({ sub: other.client_id }));
  await rejects(assertion({ iss: undefined }));
  await rejects(assertion({ sub: undefined }));
  await rejects(assertion({ iss: service.issuer }));
  await rejects(assertion(), { client_id: other.client_id });
  issued(await tokenByAssertion(service, await assertion(), { client_id: client.client_id }));
});

test('S-PKJ-11: no other algorithm than one that the key has and the registration allows', async () => {
  const claims = { iss: client.client_id, sub: client.client_id, aud: client.issuer };
  const times = { iat: epoch(), exp: epoch() + 60, jti: randomUUID() };
  const pem = await exportJWK(key.privateKey).then(({ x, y }) => `${x}${y}`);
  for (const alg of ['none', 'None', 'noNE', 'HS256', 'hs256', 'ES256K', 'RS1', '', 7, null]) {
    await rejects(byHand({ alg, kid: 'mine' }, { ...claims, ...times }, pem));
  }
  const [header, payload] = (await assertion()).split('.');
  await rejects(`${header}.${payload}.`);
  // The header says another algorithm than the key has.
  await rejects(byHand({ alg: 'RS256', kid: 'mine' }, { ...claims, ...times }, pem));

  const [es, rs] = await Promise.all([newClientKey('ES256'), newClientKey('RS256')]);
  const picky = await register({
    jwks: { keys: [es.jwk, rs.jwk] },
    token_endpoint_auth_signing_alg: 'ES256',
  });
  await rejects(assertionOf(rs, picky));
  issued(await tokenByAssertion(service, await assertionOf(es, picky)), picky.client_id);
  const only = await register({ jwks: { keys: [{ ...rs.jwk, alg: 'PS256' }] } });
  await rejects(assertionOf(rs, only));
});

test('S-PKJ-12: nothing in the header is a source of keys, and an extension that we do not know is refused', async () => {
  for (const header of [
    { jwk: stranger.jwk },
    { jku: 'http://127.0.0.1:9/jwks.json' },
    { x5u: 'http://127.0.0.1:9/cert.pem' },
    { x5c: ['MIIB'] },
  ]) {
    await rejects(assertionOf(stranger, client, {}, header));
  }
  // The same headers do not stop the client's own key either.
  issued(await tokenByAssertion(service, await assertion({}, { jwk: stranger.jwk })));
  await rejects(assertion({}, { crit: ['exp'], exp: epoch() + 60 }));
  const [, payload, signature] = (await assertion()).split('.');
  for (const more of [{ crit: ['b64'], b64: false }, { crit: ['unheard-of'] }, { crit: [] }]) {
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: 'mine', ...more })).toString('base64url');
    await rejects(`${header}.${payload}.${signature}`);
  }
});

test('S-PKJ-15: another kind of JWT is no assertion', async () => {
  const answer = await tokenByAssertion(service, await assertion());
  await rejects(String(answer.body.access_token));
  for (const typ of ['at+jwt', 'application/at+jwt', 'dpop+jwt', 'logout+jwt', 'secevent+jwt', '']) {
    await rejects(assertion({}, { typ }));
  }
});

describe('who can be told apart by an assertion', () => {
  test('S-TOK-11: nobody: unknown, deleted, of another method, of a foreign key, all get the same answer', async () => {
    const deleted = await register({ jwks: { keys: [key.jwk] } });
    await portal(service).delete(deleted.client_id);
    const secretive = await portal(service).create({ scope: 'read', jwks: { keys: [key.jwk] } });
    await rejects(assertionOf(key, deleted));
    await rejects(assertionOf(key, { ...client, client_id: 'cl_0000000000000000000000' }));
    await rejects(assertionOf(key, { ...client, client_id: 'nobody' }));
    await rejects(assertionOf(key, { ...client, client_id: secretive.body.client_id }));
    await rejects(assertionOf(stranger, client));
    await rejects(assertionOf(await newClientKey('RS256'), client));
    for (const text of ['x', 'a.b', 'e30.e30.e30', '....', 'é.é.é', `${'a'.repeat(20_000)}.b.c`])
      await rejects(text);
  });

  test('a client with keys gets nothing by a secret, nor by its id alone', async () => {
    const { client_id } = client;
    const answer = await refuses(service, { status: 401, error: 'invalid_client' }, () =>
      fetchToken(service, { client_id, client_secret: 'kept as keyed hashes elsewhere' }),
    );
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic /);
    const grant = { grant_type: 'client_credentials', client_id };
    await unauthenticated(() => postToken(service, grant));
    await unauthenticated(() =>
      postToken(service, { ...grant, client_secret: 'kept as keyed hashes elsewhere' }),
    );
  });
});

test('S-TOK-07, S-TOK-08: an assertion beside a secret is one mechanism too many, even a good one', async () => {
  const one = { status: 400, error: 'invalid_request', says: /one mechanism/ };
  const form = { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE };
  const withSecret = await portal(service).create({ scope: 'read' });
  const basic = `Basic ${btoa(`${withSecret.body.client_id}:${withSecret.body.client_secret}`)}`;
  for (const client_assertion of [await assertion(), 'bogus', 'e30.e30.e30']) {
    const both = { ...form, client_assertion };
    await refuses(service, one, () => postToken(service, { ...both, client_secret: 'x' }));
    await refuses(service, one, () => postToken(service, both, { authorization: basic }));
    await refuses(service, one, () => postToken(service, both, { authorization: 'Basic eDp5' }));
  }
});

test('what a client with keys asks for is judged as everybody else’s', async () => {
  const ask = async (parameters: Record<string, string>) =>
    tokenByAssertion(service, await assertion(), parameters);
  const invalid = (error: string) => ({ status: 400, error });
  await refusesAfterAuthentication(invalid('invalid_scope'), () => ask({ scope: 'write' }));
  await refusesAfterAuthentication(invalid('invalid_scope'), () => ask({ scope: 'a  b' }));
  await refusesAfterAuthentication(invalid('invalid_target'), () => ask({ resource: 'https://x.example' }));
  await refusesAfterAuthentication(invalid('unsupported_grant_type'), () => ask({ grant_type: 'password' }));
  await refusesAfterAuthentication(invalid('invalid_request'), () => ask({ grant_type: '' }));
  const twice = `client_assertion=a&client_assertion=b&grant_type=client_credentials`;
  const answer = await fetch(`${service.publicUrl}/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: twice,
  });
  assert.equal(answer.status, 400);
});

/** The claim of the assertion is written: it was good. */
async function refusesAfterAuthentication(
  { status, error }: { status: number; error: string },
  act: () => Promise<Answer>,
): Promise<void> {
  const answer = await act();
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body.error, error);
}

test('an assertion is read however the body arrives: in pieces, and without an announced length', async () => {
  const form = async () =>
    new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await assertion(),
    }).toString();
  const inPieces = async (text: string, pieces: number) => {
    const size = Math.ceil(text.length / pieces);
    const body = new ReadableStream({
      async start(controller) {
        for (let at = 0; at < text.length; at += size) {
          controller.enqueue(new TextEncoder().encode(text.slice(at, at + size)));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        controller.close();
      },
    });
    return fetch(`${service.publicUrl}/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
      duplex: 'half',
    } as RequestInit);
  };
  for (const pieces of [1, 2, 7]) assert.equal((await inPieces(await form(), pieces)).status, 200);
  const basic = await portal(service).create({
    scope: 'read',
    token_endpoint_auth_method: 'client_secret_post',
  });
  const { client_id, client_secret } = basic.body;
  const plain = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret });
  for (const pieces of [1, 3]) assert.equal((await inPieces(plain.toString(), pieces)).status, 200);
  assert.equal((await inPieces(`client_assertion=${'a'.repeat(60_000)}`, 10)).status, 413);
});

describe('keys at registration', () => {
  const wrong: Readonly<Record<string, () => unknown>> = {
    'a private key': async () => ({ keys: [await exportJWK(key.privateKey)] }),
    'a symmetric key': () => ({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }),
    'RSA of 1024 bits': () => ({
      keys: [generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })],
    }),
    'a huge RSA exponent': () => ({ keys: [{ kty: 'RSA', n: 'w'.repeat(342), e: 'w'.repeat(342) }] }),
    'a point that is on no curve': () => ({ keys: [{ kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' }] }),
    'a curve that we do not take': () => ({ keys: [{ kty: 'EC', crv: 'secp256k1', x: 'AAAA', y: 'AAAA' }] }),
    'a key for encryption': () => ({ keys: [{ ...key.jwk, use: 'enc' }] }),
    'an algorithm of another key': () => ({ keys: [{ ...key.jwk, alg: 'RS256' }] }),
    'the same kid twice': () => ({ keys: [key.jwk, stranger.jwk] }),
    'eleven keys': () => ({ keys: Array.from({ length: 11 }, (_, kid) => ({ ...key.jwk, kid: `${kid}` })) }),
    'no keys': () => ({ keys: [] }),
    'no set': () => undefined,
    'something else': () => 'keys',
  };
  for (const [name, jwks] of Object.entries(wrong)) {
    test(`${name}: refused, and the path of what is wrong is told`, async () => {
      const body = { token_endpoint_auth_method: 'private_key_jwt', jwks: await jwks() };
      const answer = await refuses(
        service,
        { status: 400, error: 'invalid_client_metadata', says: /(?:^|; )jwks/ },
        () => portal(service).create(body),
      );
      assert.ok(!answer.text.includes('AAAA') && !answer.text.includes('c2Vj'), 'repeats what was sent');
    });
  }

  test('an algorithm that none of the keys has', async () => {
    const body = {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'RS256',
      jwks: { keys: [key.jwk] },
    };
    await refuses(service, { status: 400, error: 'invalid_client_metadata', says: /signing_alg/ }, () =>
      portal(service).create(body),
    );
  });

  test('a client changes from a secret to keys and back: what it had before opens nothing any more', async () => {
    const made = await portal(service).create({ scope: 'read' });
    const { client_id } = made.body;
    const moved = await portal(service).update(client_id, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.jwk] },
    });
    assert.equal(moved.status, 200, moved.text);
    issued(await tokenByAssertion(service, await assertionOf(key, { ...client, client_id })), client_id);
    assert.equal((await fetchToken(service, made.body)).status, 401);
    await refuses(service, { status: 409, error: 'conflict', says: /keys/ }, () =>
      portal(service).rotate(client_id),
    );
    const back = await portal(service).update(client_id, {
      token_endpoint_auth_method: 'client_secret_basic',
    });
    assert.equal(back.status, 200, back.text);
    await rejects(assertionOf(key, { ...client, client_id }));
    assert.equal((await fetchToken(service, made.body)).status, 401);
    const rotated = await portal(service).rotate(client_id);
    assert.equal((await fetchToken(service, rotated.body)).status, 200);
  });

  test('a key that was taken out of the registration opens nothing from then on', async () => {
    const [old, fresh] = await Promise.all([newClientKey(), newClientKey()]);
    const made = await register({ jwks: { keys: [old.jwk] } });
    await portal(service).update(made.client_id, { jwks: { keys: [fresh.jwk] } });
    await rejects(assertionOf(old, made));
    issued(await tokenByAssertion(service, await assertionOf(fresh, made)), made.client_id);
  });
});
