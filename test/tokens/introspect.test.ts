/** Introspection and revocation as values: a key, the claims that it signed, a client that changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { sharing, tokenClient } from '../../src/clients/token-client.ts';
import { publicJwkOf } from '../../src/keys/public-jwk.ts';
import { generatePrivateKey } from '../../src/keys/signing-alg.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { introspect } from '../../src/tokens/introspect.ts';
import { resourcesByIdentifier } from '../../src/tokens/resource.ts';
import { revoke } from '../../src/tokens/revoke.ts';
import { ADMIN, API, aClient, NOW, RESOURCES } from './support.ts';

const ISSUER = 'https://as.example';
const CLIENT = aClient();
const caller = (client_id: string) => tokenClient({ ...CLIENT, client_id } as ClientRecord, sharing());
const THE_API = caller('cl_0000000000000000000009');
const privateKey = await generatePrivateKey('ES256');
const KEYS = [{ ...publicJwkOf(privateKey), kid: 'k', alg: 'ES256', use: 'sig' }] as const;

const aToken = (changes: Readonly<Record<string, unknown>> = {}) =>
  new SignJWT({
    iss: ISSUER,
    aud: API,
    client_id: CLIENT.client_id,
    iat: NOW,
    exp: NOW + 60,
    jti: 'j',
    ...changes,
  })
    .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
    .sign(privateKey);

function world(stored: Partial<ClientRecord> | undefined = {}) {
  const asked: string[] = [];
  const context = {
    issuer: ISSUER,
    publishedKeys: () => {
      asked.push('keys');
      return KEYS;
    },
    resources: resourcesByIdentifier({
      ...RESOURCES,
      [API]: { ...RESOURCES[API], introspection_clients: [THE_API.client_id] },
    }),
    clients: {
      read: async (id: string) => {
        asked.push(id);
        return stored && { ...CLIENT, ...stored };
      },
    },
    revocations: {
      isRevoked: () => false,
      revoke: async () => {
        throw new StoreUnavailable('revocations.revoke', 'not_done');
      },
    },
  };
  return { context, asked, hears: (token: string, by = THE_API) => introspect(context, by, token, NOW) };
}

test('a token of a client that is there is told as it is, and by what its holder has to prove', async () => {
  const { hears } = world();
  const plain = await hears(await aToken());
  assert.deepEqual([plain.active, 'token_type' in plain && plain.token_type], [true, 'Bearer']);
  const bound = await hears(await aToken({ cnf: { jkt: 'thumbprint' } }));
  assert.equal('token_type' in bound && bound.token_type, 'DPoP');
  const shown = await hears(await aToken({ cnf: { 'x5t#S256': 'thumbprint' } }));
  assert.equal(
    'token_type' in shown && shown.token_type,
    'Bearer',
    'RFC 8705: a certificate is no other type',
  );
});

test('a claim of the token’s own does not say whether it is active, nor of what type', async () => {
  const told = await world().hears(await aToken({ active: false, token_type: 'N_A' }));
  assert.deepEqual([told.active, 'token_type' in told && told.token_type], [true, 'Bearer']);
});

test('R-12: a token of a client that is disabled, gone, or without the resource now is inactive', async () => {
  const token = await aToken();
  for (const stored of [{ state: 'disabled' }, { granted_resources: [ADMIN] }] as const) {
    assert.deepEqual(await world(stored).hears(token), { active: false });
  }
  const { context } = world();
  const gone = { ...context, clients: { read: async () => undefined } };
  assert.deepEqual(await introspect(gone, THE_API, token, NOW), { active: false });
});

test('S-REV-03: for who serves no resource nothing is verified, and what is no client id is not looked up', async () => {
  const { hears, asked } = world();
  assert.deepEqual(await hears(await aToken(), caller('cl_0000000000000000000008')), { active: false });
  assert.deepEqual(asked, []);
  assert.deepEqual(await hears(await aToken({ client_id: 'cl:portal' })), { active: false });
  assert.deepEqual(asked, ['keys']);
});

test('S-REV-05: a revocation that the store did not take is no success', async () => {
  const { context } = world();
  const own = caller(CLIENT.client_id);
  await assert.rejects(revoke(context, own, await aToken(), NOW), StoreUnavailable);
});
