/** The main job, end to end: a portal registers a client, the client fetches a JWT, a verifier accepts it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { claimsOf, fetchToken, portal } from './support/bridge.ts';
import { startService, type TestService } from './support/service.ts';

let service: TestService;
before(async () => {
  service = await startService();
});
after(async () => {
  await service.stop();
});

test('a portal registers a client, and its token passes a verifier that knows only the issuer', async () => {
  const created = await portal(service).create({
    client_name: 'orders',
    scope: 'read',
    labels: { application_id: 'app-7' },
  });
  assert.equal(created.status, 201);
  const answer = await fetchToken(service, created.body);
  assert.equal(answer.status, 200, answer.text);
  const jwks = createRemoteJWKSet(new URL(`${service.publicUrl}/.well-known/jwks.json`));
  const { payload, protectedHeader } = await jwtVerify(answer.body.access_token, jwks, {
    issuer: service.issuer,
    audience: 'https://api.example.com',
    typ: 'at+jwt',
  });
  assert.equal(protectedHeader.alg, 'RS256');
  assert.equal(payload.azp, created.body.client_id);
  assert.equal(payload.scope, 'read');
  assert.equal(payload.application_id, 'app-7');
  assert.deepEqual(answer.body, {
    access_token: answer.body.access_token,
    token_type: 'Bearer',
    expires_in: 600,
    scope: 'read',
  });
  assert.equal(claimsOf(answer.body.access_token).exp - claimsOf(answer.body.access_token).iat, 600);
});

test('after a delete no new token can be fetched', async () => {
  const { body } = await portal(service).create();
  assert.equal((await fetchToken(service, body)).status, 200);
  assert.equal((await portal(service).delete(body.client_id)).status, 204);
  const refused = await fetchToken(service, body);
  assert.equal(refused.status, 401);
  assert.equal(refused.body.error, 'invalid_client');
});

test('after a rotation only the new secret works', async () => {
  const { body } = await portal(service).create();
  const rotated = await portal(service).rotate(body.client_id);
  assert.equal(rotated.status, 200);
  assert.equal((await fetchToken(service, body)).status, 401);
  assert.equal((await fetchToken(service, rotated.body)).status, 200);
});
