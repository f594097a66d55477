/** The abuse cases of DPoP (RFC 9449), each by its id, against a running service. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
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
import { type Changes, proofOf } from '../support/proof.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { shapeOf } from '../support/refusal.ts';
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

const proofBy = (by: ClientKey, claims?: Changes, header?: Changes) =>
  proofOf(by, service.issuer, claims, header);

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
const MISSING = 'this client gets DPoP-bound tokens only: send a DPoP proof (RFC 9449)';
const refusedProof = async (proof: string | Promise<string>) => {
  const text = await proof;
  return refuses(service, INVALID, () => ask(text));
};

async function bound(answer: Answer, by: ClientKey = key): Promise<void> {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.token_type, 'DPoP');
  assert.equal(answer.headers.get('dpop-nonce'), null, 'only where nonces are wanted');
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
  for (const member of ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv']) {
    const { kid: _, ...jwk } = key.jwk;
    await refusedProof(proofBy(key, {}, { jwk: { ...jwk, [member]: 'AQAB' } }));
    await refusedProof(proofBy(key, {}, { jwk: { ...jwk, [member]: '' } }));
  }
  await refusedProof(proofBy(key, {}, { jwk: { ...key.jwk, use: 'enc' } }));
  await refusedProof(proofBy(key, {}, { jwk: { ...key.jwk, alg: 'ES384' } }));
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

test('S-POP-05: what a proof calls critical and nobody here knows refuses it, however well it is signed', async () => {
  const { kid: _, ...jwk } = key.jwk;
  const signed = async (more: Changes) => {
    const header = JSON.stringify({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...more });
    const [, payload] = (await proofBy(key)).split('.');
    const data = `${Buffer.from(header).toString('base64url')}.${payload}`;
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
    const signature = await crypto.subtle.sign(algorithm, key.privateKey, Buffer.from(data));
    return `${data}.${Buffer.from(signature).toString('base64url')}`;
  };
  await bound(await ask(await signed({})));
  for (const more of [
    { crit: ['unheard-of'], 'unheard-of': 1 },
    { crit: ['unheard-of'] },
    { crit: [] },
    { crit: ['typ'] },
    { crit: 'b64' },
    { crit: ['b64'], b64: false },
  ]) {
    await refusedProof(signed(more));
  }
});

test('a proof may say its type in full, its time in fractions, and its URL in another writing', async () => {
  await bound(await ask(await proofBy(key, {}, { typ: 'application/dpop+jwt' })));
  await bound(await ask(await proofBy(key, { iat: epoch() + 0.25 })));
  const htu = service.issuer.replace('http:', 'HTTP:');
  await bound(await ask(await proofBy(key, { htu: `${htu}/./oauth2/%74oken` })));
  await bound(
    await ask(await proofBy(key, { jti: 'x'.repeat(255), ath: 'of another use', nonce: 'of nobody' })),
  );
});

test('S-POP-05: two proofs are none, in one header or in two', async () => {
  const headers = [
    `Host: 127.0.0.1:${service.publicPort}`,
    `Authorization: Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`,
    'Content-Type: application/x-www-form-urlencoded',
    `DPoP: ${await proofBy(key)}`,
    `DPoP: ${await proofBy(key)}`,
  ];
  const bytes = rawRequest('POST /oauth2/token', headers, 'grant_type=client_credentials');
  await refuses(service, INVALID, () => sendRaw(service.publicUrl, bytes));
  await refusedProof(`${await proofBy(key)},${await proofBy(key)}`);
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
  const { body: told } = await refuses(service, INVALID, () => ask(undefined, body));
  assert.equal(told.error_description, MISSING, 'and is not told of a proof that it did not send');
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

describe('a request that is not plain', () => {
  const post = (form: string, headers: Record<string, string>) =>
    send(`${service.publicUrl}/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: form,
    });
  const authorization = () => `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`;
  const GRANT = 'grant_type=client_credentials';
  const wide = 'x'.repeat(20_000);

  test('is bound to its proof like any other, whatever about it only the engine reads', async () => {
    const { body: poster } = await portal(service).create({
      scope: 'read',
      token_endpoint_auth_method: 'client_secret_post',
    });
    const inBody = `client_id=${poster.client_id}&client_secret=${poster.client_secret}`;
    for (const [form, headers] of [
      // RFC 6749 section 3.2: what is not known is ignored, what has no value is omitted.
      [`${GRANT}&other=x`, { authorization: authorization() }],
      [`${GRANT}&scope=&resource=`, { authorization: authorization() }],
      [`${GRANT}&scope=read&a=1&b=2&c=3&d=4&e=5`, { authorization: authorization() }],
      [`${GRANT}&${inBody}&other=x`, {}],
      [`${GRANT}&other=${wide}`, { authorization: authorization() }],
      // RFC 9110 section 11.1: the scheme in any case.
      [GRANT, { authorization: authorization().replace('Basic', 'basic') }],
      [GRANT, { authorization: authorization().replace('Basic', 'BASIC') }],
      [GRANT, { authorization: authorization().replace(/=+$/, '') }],
      [`${GRANT}&client_assertion=&client_assertion_type=`, { authorization: authorization() }],
    ] as const) {
      const plain = await post(form, headers);
      assert.equal(plain.body.token_type, 'Bearer', `${form.slice(0, 80)}: ${plain.text}`);
      await bound(await post(form, { ...headers, dpop: await proofBy(key) }));
    }
  });

  test('in pieces is bound, too', async () => {
    const pieces = Readable.from([GRANT, '&other', '=x']);
    const answer = await send(`${service.publicUrl}/oauth2/token`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: authorization(),
        dpop: await proofBy(key),
      },
      body: pieces as unknown as ReadableStream,
      duplex: 'half',
    } as RequestInit);
    await bound(answer);
  });

  test('S-POP-05: hears of a wrong proof, and a proof is used once here too', async () => {
    const form = `${GRANT}&other=x`;
    const ask = (dpop: string) => post(form, { authorization: authorization(), dpop });
    for (const proof of [await proofBy(key, { htm: 'GET' }), 'x', '']) {
      await refuses(service, INVALID, () => ask(proof));
    }
    const proof = await proofBy(key);
    await bound(await ask(proof));
    await refuses(service, INVALID, () => ask(proof));
  });

  test('S-POP-06: gets no other token where the client wants bound ones', async () => {
    const { body } = await portal(service).create({ scope: 'read', dpop_bound_access_tokens: true });
    const own = `Basic ${btoa(`${body.client_id}:${body.client_secret}`)}`;
    const { body: told } = await refuses(service, INVALID, () =>
      post(`${GRANT}&other=x`, { authorization: own }),
    );
    assert.equal(told.error_description, MISSING);
  });

  test('is refused with a proof exactly as without one', async () => {
    for (const [form, headers] of [
      [`${GRANT}&scope=read&scope=read`, { authorization: authorization() }],
      [`${GRANT}&other=x&other=y`, { authorization: authorization() }],
      [`${GRANT}&scope=admin&other=x`, { authorization: authorization() }],
      [`${GRANT}&resource=a&audience=b`, { authorization: authorization() }],
      ['grant_type=password&other=x', { authorization: authorization() }],
      ['other=x', { authorization: authorization() }],
      [`${GRANT}&other=x`, { authorization: 'Basic eDp5' }],
      [`${GRANT}&other=x`, { authorization: 'Bearer x' }],
      [`${GRANT}&other=x`, {}],
      [`${GRANT}&client_secret=x`, { authorization: authorization() }],
      [`${GRANT}&client_assertion=x`, { authorization: authorization() }],
      [GRANT, { authorization: authorization(), 'content-type': 'application/json' }],
      ['', { authorization: authorization() }],
    ] as const) {
      const without = await post(form, headers);
      assert.ok(without.status >= 400, form);
      const answer = await post(form, { ...headers, dpop: await proofBy(key) });
      assert.deepEqual(shapeOf(answer), shapeOf(without), form);
    }
  });
});
