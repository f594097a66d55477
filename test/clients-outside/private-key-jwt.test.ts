/** Clients of other hands that authenticate by a key: openid-client, and PyJWT with requests. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exportPKCS8 } from 'jose';
import * as openid from 'openid-client';
import { requirePackages } from '../gateways/debian-packages.ts';
import { type ClientKey, newClientKey } from '../support/assertion.ts';
import { claimsOf, portal } from '../support/bridge.ts';
import { startService, type TestService } from '../support/service.ts';
import { runPython } from './run.ts';

let service: TestService;
before(async () => {
  requirePackages('python3-jwt', 'python3-cryptography', 'python3-requests');
  service = await startService();
});
after(() => service?.stop());

async function register({ jwk }: ClientKey): Promise<string> {
  const { body, status, text } = await portal(service).create({
    scope: 'read',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [jwk] },
  });
  assert.equal(status, 201, text);
  return body.client_id;
}

for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519']) {
  test(`openid-client fetches a token by private_key_jwt with ${alg}, again and again`, async () => {
    const key = await newClientKey(alg);
    const client_id = await register(key);
    const config = await openid.discovery(
      new URL(service.issuer),
      client_id,
      undefined,
      openid.PrivateKeyJwt({ key: key.privateKey, kid: key.jwk.kid ?? '' }),
      { execute: [openid.allowInsecureRequests] },
    );
    for (const _ of [1, 2, 3]) {
      const { access_token } = await openid.clientCredentialsGrant(config);
      assert.equal(claimsOf(access_token).client_id, client_id);
    }
  });
}

for (const alg of ['RS256', 'ES256', 'EdDSA']) {
  test(`PyJWT and requests fetch a token by private_key_jwt with ${alg}`, async () => {
    const key = await newClientKey(alg);
    const client_id = await register(key);
    const pem = await exportPKCS8(key.privateKey);
    const { output, complaint } = await runPython(
      'fetch_token_by_key.py',
      [service.issuer, client_id, alg],
      pem,
    );
    assert.ok(output, complaint);
    assert.equal(claimsOf(JSON.parse(output).access_token).client_id, client_id);
  });
}

test('openid-client fetches a token that is bound to its key by DPoP', async () => {
  const key = await newClientKey();
  const client_id = await register(key);
  const config = await openid.discovery(
    new URL(service.issuer),
    client_id,
    undefined,
    openid.PrivateKeyJwt({ key: key.privateKey, kid: key.jwk.kid ?? '' }),
    { execute: [openid.allowInsecureRequests] },
  );
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
  const tokens = await openid.clientCredentialsGrant(config, {}, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
  assert.equal(claimsOf(tokens.access_token).cnf.jkt, await DPoP.calculateThumbprint());
});
