/** authlib, from Debian's package: it does not percent-encode what it puts into a Basic header. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { requirePackages } from '../gateways/debian-packages.ts';
import { claimsOf, portal } from '../support/bridge.ts';
import { startService, type TestService } from '../support/service.ts';
import { runPython } from './run.ts';

let service: TestService;
before(async () => {
  requirePackages('python3-authlib', 'python3-requests');
  service = await startService();
});
after(() => service?.stop());

async function register(token_endpoint_auth_method: string) {
  const { body } = await portal(service).create({ scope: 'read write', token_endpoint_auth_method });
  const fetchBy = (method: string, secret = body.client_secret) =>
    runPython('fetch_token.py', [
      ...[`${service.issuer}/oauth2/token`, method],
      ...[body.client_id, secret],
      ...['read', 'https://api.example.com'],
    ]);
  return { id: body.client_id, fetchBy };
}

for (const method of ['client_secret_basic', 'client_secret_post']) {
  const otherMethod = method === 'client_secret_basic' ? 'client_secret_post' : 'client_secret_basic';

  test(`authlib fetches a token by ${method}`, async () => {
    const { id, fetchBy } = await register(method);
    const { output, complaint } = await fetchBy(method);
    assert.ok(output, complaint);
    const token = JSON.parse(output);
    assert.equal(token.token_type, 'Bearer');
    assert.equal(token.scope, 'read');
    // authlib adds `expires_in` to its own clock when the answer came, and fails on one that is not a number.
    const later = token.expires_at - claimsOf(token.access_token).exp;
    assert.ok(later >= 0 && later < 5, `${later} s`);
    assert.equal(claimsOf(token.access_token).azp, id);
  });

  test(`a client of ${method} gets none by ${otherMethod}, and none with another secret`, async () => {
    const { fetchBy } = await register(method);
    for (const refused of [await fetchBy(otherMethod), await fetchBy(method, 'wrong')]) {
      assert.equal(refused.output, undefined);
      assert.match(refused.complaint, /OAuthError: invalid_client/);
    }
  });
}
