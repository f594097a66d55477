import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { publicJwkOf, thumbprint } from '../../src/keys/public-jwk.ts';
import { generatePrivateKey, type SigningAlg, signerOf, signingAlg } from '../../src/keys/signing-alg.ts';
import { Refusal } from '../../src/lib/refusal.ts';
import { type IssuerContext, issueAccessToken } from '../../src/tokens/issue.ts';
import { resourcesByIdentifier } from '../../src/tokens/resource.ts';
import { createTokenReuse } from '../../src/tokens/token-reuse.ts';
import { API, aClient, CEILING, NO_STATUS_LISTS, NOW, RESOURCES } from './support.ts';

async function issuer(alg: SigningAlg) {
  const privateKey = await generatePrivateKey(alg);
  const jwk = publicJwkOf(privateKey);
  const kid = thumbprint(jwk);
  const asked: SigningAlg[] = [];
  const key = { kid, alg, sign: signerOf(alg, privateKey) };
  const context: IssuerContext = {
    issuer: 'https://as.example',
    catalogue: {
      resources: resourcesByIdentifier({ [API]: { ...RESOURCES[API], signing_alg: alg } }),
      default_resource: API,
    },
    ceilingOf: () => CEILING,
    activeKey: (wanted) => {
      asked.push(wanted);
      return key;
    },
    statusListPlaces: NO_STATUS_LISTS,
    newTokenId: () => randomBytes(16).toString('base64url'),
    reuse: createTokenReuse(1_000_000, () => false),
  };
  return { context, kid, asked, keys: createLocalJWKSet({ keys: [{ ...jwk, kid, alg }] }) };
}

const NOTHING = { resource: undefined, scope: undefined };

for (const alg of signingAlg.options) {
  test(`S-JWT-01: a token signed with ${alg} has exactly alg, typ and kid, and verifies`, async () => {
    const { context, kid, asked, keys } = await issuer(alg);
    const { access_token } = await issueAccessToken(context, aClient(), NOTHING, NOW);
    assert.deepEqual(decodeProtectedHeader(access_token), { alg, typ: 'at+jwt', kid });
    const { payload } = await jwtVerify(access_token, keys, {
      issuer: 'https://as.example',
      audience: API,
      typ: 'at+jwt',
      currentDate: new Date(NOW * 1000),
    });
    assert.equal(payload.scope, 'read write');
    assert.deepEqual(asked, [alg], 'the resource chooses the key');
    const other = await issuer(alg);
    await assert.rejects(jwtVerify(access_token, other.keys, { currentDate: new Date(NOW * 1000) }));
  });
}

test('S-TOK-18: the answer is a token and what RFC 6749 section 5.1 says of it', async () => {
  const { context } = await issuer('ES256');
  const { access_token, ...rest } = await issueAccessToken(context, aClient(), NOTHING, NOW);
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 600, scope: 'read write' });
  const none = await issueAccessToken(context, aClient({ scope: '' }), NOTHING, NOW);
  assert.deepEqual(Object.keys(none).sort(), ['access_token', 'expires_in', 'token_type'], 'no empty scope');
  assert.match(access_token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
});

test('a jti is never seen twice', async () => {
  const { context } = await issuer('EdDSA');
  const tokens = await Promise.all(
    Array.from({ length: 200 }, () => issueAccessToken(context, aClient(), NOTHING, NOW)),
  );
  const ids = tokens.map(({ access_token }) => {
    const { jti } = JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString());
    assert.equal(Buffer.from(jti, 'base64url').length, 16, '128 bits');
    return jti;
  });
  assert.equal(new Set(ids).size, tokens.length);
});

test('nothing is signed for a refused grant, and no key is no token', async () => {
  const { context, asked } = await issuer('ES256');
  assert.throws(() => issueAccessToken(context, aClient(), { ...NOTHING, scope: 'admin' }, NOW), {
    error: 'invalid_scope',
  });
  assert.deepEqual(asked, []);
  const keyless: IssuerContext = {
    ...context,
    activeKey: () => {
      throw new Refusal('ring_unavailable');
    },
  };
  assert.throws(() => issueAccessToken(keyless, aClient(), NOTHING, NOW), { reason: 'ring_unavailable' });
});
