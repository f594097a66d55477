/** The abuse cases of DPoP (RFC 9449), each by its id, against a running service. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { calculateJwkThumbprint, exportJWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { ASSERTION_TYPE, assertionOf, type ClientKey, epoch, newClientKey } from '../support/assertion.ts';
import {
  type Answer,
  type Credentials,
  claimsOf,
  fetchToken,
  portal,
  postToken,
  send,
} from '../support/bridge.ts';
import { startService, type TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';

let service: TestService;
let key: ClientKey;
let client: Credentials;
before(async () => {
  service = await startService();
  key = await newClientKey();
  client = (await portal(service).create({ scope: 'read' })).body;
});
after(() => service?.stop());

type Changes = Readonly<Record<string, unknown>>;

function proofBy({ alg, privateKey, jwk }: ClientKey, claims: Changes = {}, header: Changes = {}) {
  const { kid: _, ...bare } = jwk;
  const right = { htm: 'POST', htu: `${service.issuer}/oauth2/token`, jti: randomUUID(), iat: epoch() };
  return new SignJWT({ ...right, ...claims })
    .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: bare, ...header } as JWTHeaderParameters)
    .sign(privateKey);
}

function ask(
  proof: string | undefined,
  { client_id, client_secret }: Credentials = client,
  more: Record<string, string> = {},
) {
  return postToken(
    service,
    { grant_type: 'client_credentials' },
    {
      authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}`,
      ...(proof === undefined ? {} : { dpop: proof }),
      ...more,
    },
  );
}

const INVALID = { status: 400, error: 'invalid_dpop_proof', headers: { pragma: 'no-cache' } } as const;
const refusedProof = async (proof: string | Promise<string>) => {
  const text = await proof;
  return refuses(service, INVALID, () => ask(text));
};

async function bound(answer: Answer, by: ClientKey = key): Promise<void> {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.token_type, 'DPoP');
  assert.deepEqual(claimsOf(answer.body.access_token).cnf, { jkt: await calculateJwkThumbprint(by.jwk) });
}

test('a proof binds the token to its key, for each algorithm that the metadata names', async () => {
  const { body } = await send(`${service.issuer}/.well-known/openid-configuration`);
  assert.deepEqual(body.dpop_signing_alg_values_supported, ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']);
  for (const alg of body.dpop_signing_alg_values_supported) {
    const each = await newClientKey(alg);
    await bound(await ask(await proofBy(each)), each);
  }
  const plain = await fetchToken(service, client);
  assert.equal(plain.body.token_type, 'Bearer');
  assert.equal(claimsOf(plain.body.access_token).cnf, undefined);
});

test('S-POP-05: a proof for another request, of another time or without an id is refused', async () => {
  for (const claims of [
    { htm: 'GET' },
    { htm: undefined },
    { htu: `${service.issuer}/oauth2/introspect` },
    { htu: 'https://evil.example/oauth2/token' },
    { htu: 'token' },
    { htu: undefined },
    { iat: epoch() - 61 },
    { iat: epoch() + 65 },
    { iat: String(epoch()) },
    { iat: undefined },
    { jti: '' },
    { jti: undefined },
    { jti: 7 },
    { jti: 'x'.repeat(256) },
  ]) {
    await refusedProof(proofBy(key, claims));
  }
  await bound(await ask(await proofBy(key, { htu: `${service.issuer}/oauth2/token?a=b#c` })));
});

test('S-POP-05: a proof of another type, algorithm or key is refused, and so is a private key in it', async () => {
  const [stranger, rsa] = [await newClientKey(), await newClientKey('RS256')];
  await refusedProof(proofBy(key, {}, { typ: 'JWT' }));
  await refusedProof(proofBy(key, {}, { typ: undefined }));
  await refusedProof(proofBy(key, {}, { jwk: stranger.jwk }));
  await refusedProof(proofBy(key, {}, { jwk: await exportJWK(key.privateKey) }));
  await refusedProof(proofBy(key, {}, { jwk: undefined }));
  await refusedProof(proofBy(rsa));
  const symmetric = new SignJWT({ htm: 'POST', jti: randomUUID(), iat: epoch() })
    .setProtectedHeader({
      alg: 'HS256',
      typ: 'dpop+jwt',
      jwk: { kty: 'oct', k: 'c2VjcmV0' },
    } as JWTHeaderParameters)
    .sign(Buffer.alloc(32, 's'));
  await refusedProof(symmetric);
  for (const text of ['x', 'a.b.c', `${await proofBy(key)}, ${await proofBy(key)}`]) await refusedProof(text);
});

test('S-POP-05: a proof is good once, also when ten come at once', async () => {
  const proof = await proofBy(key);
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(proof)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [
    200,
    ...Array.from({ length: 9 }, () => 400),
  ]);
  await refusedProof(proof);
});

test('a proof does not stand in for the secret, and a wrong secret does not use it up', async () => {
  const proof = await proofBy(key);
  const wrong = { ...client, client_secret: 'wrong' };
  await refuses(service, { status: 401, error: 'invalid_client' }, () => ask(proof, wrong));
  await bound(await ask(proof));
});

test('S-POP-06: a client that is registered for bound tokens gets no other', async () => {
  const { body } = await portal(service).create({ scope: 'read', dpop_bound_access_tokens: true });
  assert.equal(body.dpop_bound_access_tokens, true);
  for (const _ of [1, 2]) await refuses(service, INVALID, () => ask(undefined, body));
  await bound(await ask(await proofBy(key), body));
  await refuses(service, INVALID, () => ask(undefined, body));
});

test('S-POP-07: another Host does not change which URL a proof is for', async () => {
  const proof = await proofBy(key, { htu: 'http://evil.example/oauth2/token' });
  const forwarded = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };
  await refuses(service, INVALID, () => ask(proof, client, forwarded));
  await bound(await ask(await proofBy(key), client, forwarded));
});

test('a client that authenticates by a key may bind its token to another', async () => {
  const { body } = await portal(service).create({
    scope: 'read',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.jwk] },
  });
  const other = await newClientKey('Ed25519');
  const client_assertion = await assertionOf(key, { client_id: body.client_id, issuer: service.issuer });
  const form = { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion };
  await bound(await postToken(service, form, { dpop: await proofBy(other) }), other);
});

test('a proof beside what only the engine reads is refused, never answered with a token that is not bound', async () => {
  const { client_id, client_secret } = client;
  const authorization = `Basic ${btoa(`${client_id}:${client_secret}`)}`;
  const dpop = await proofBy(key);
  const form = { grant_type: 'client_credentials', other: 'x' };
  await refuses(service, { status: 400, error: 'invalid_request', says: /DPoP/ }, () =>
    postToken(service, form, { authorization, dpop }),
  );
});
