/**
 * openid-client finds everything from the issuer alone. It percent-encodes what it puts into a Basic header
 * (RFC 6749 section 2.3.1), so strictly that the underscore of our client ids arrives as `%5F`.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as openid from 'openid-client';
import { portal } from '../support/bridge.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;
before(async () => {
  service = await startService();
});
after(() => service?.stop());

const METHODS = {
  client_secret_basic: openid.ClientSecretBasic,
  client_secret_post: openid.ClientSecretPost,
} as const;
type Method = keyof typeof METHODS;

/** A client registered for one method, which authenticates by `used`. */
async function discover(registered: Method, used: Method = registered) {
  const created = await portal(service).create({
    scope: 'read write',
    token_endpoint_auth_method: registered,
  });
  const { client_id, client_secret } = created.body;
  const authorizations: string[] = [];
  const config = await openid.discovery(
    new URL(service.issuer),
    client_id,
    undefined,
    METHODS[used](client_secret),
    {
      execute: [openid.allowInsecureRequests],
      [openid.customFetch]: (url, options) => {
        const { authorization } = options.headers as Record<string, string>;
        if (authorization !== undefined) authorizations.push(authorization);
        return fetch(url, options as RequestInit);
      },
    },
  );
  return { config, client_id, authorizations };
}

for (const method of Object.keys(METHODS) as Method[]) {
  test(`openid-client discovers the issuer and fetches a token by ${method}`, async () => {
    const { config, client_id } = await discover(method);
    const began = performance.now();
    const tokens = await openid.clientCredentialsGrant(config, {
      scope: 'read',
      resource: 'https://api.example.com',
    });
    assert.equal(tokens.token_type, 'bearer');
    assert.equal(tokens.scope, 'read');
    // What is left by this machine's clock when it is asked.
    const left = tokens.expiresIn() ?? 0;
    const passed = Math.ceil((performance.now() - began) / 1000);
    assert.ok(left <= 600 && left >= 600 - passed, `${left} s`);
    const { issuer, jwks_uri = '' } = config.serverMetadata();
    const { payload } = await jwtVerify(tokens.access_token, createRemoteJWKSet(new URL(jwks_uri)), {
      issuer,
      audience: 'https://api.example.com',
      typ: 'at+jwt',
    });
    assert.equal(payload.client_id, client_id);
  });
}

test('the client id that openid-client sends by Basic is percent-encoded, and is understood', async () => {
  const { config, client_id, authorizations } = await discover('client_secret_basic');
  await openid.clientCredentialsGrant(config);
  const [scheme, credentials = ''] = authorizations[0]?.split(' ') ?? [];
  assert.equal(scheme, 'Basic');
  assert.equal(atob(credentials).split(':')[0], client_id.replace('_', '%5F'));
});

test('openid-client hears invalid_client when it uses client_secret_post and is registered for Basic', async () => {
  const { config } = await discover('client_secret_basic', 'client_secret_post');
  await assert.rejects(openid.clientCredentialsGrant(config), { error: 'invalid_client', status: 401 });
});

test('openid-client hears a challenge when it uses Basic and is registered for client_secret_post', async () => {
  const { config } = await discover('client_secret_post', 'client_secret_basic');
  await assert.rejects(openid.clientCredentialsGrant(config), (error) => {
    // It reports the header that RFC 6749 section 5.2 asks for instead of the body.
    assert.ok(error instanceof openid.WWWAuthenticateChallengeError);
    assert.equal(error.status, 401);
    assert.equal(error.cause[0]?.scheme, 'basic');
    return true;
  });
});

test('openid-client hears of a scope and of a resource that the client was not granted', async () => {
  const { config } = await discover('client_secret_basic');
  for (const [parameters, code] of [
    [{ scope: 'admin' }, 'invalid_scope'],
    [{ resource: 'https://other.example.com' }, 'invalid_target'],
  ] as const) {
    await assert.rejects(openid.clientCredentialsGrant(config, parameters), { error: code, status: 400 });
  }
});
