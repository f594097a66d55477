/** What an MCP client is registered with: redirect-based grants, at a real provider that takes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { send } from '../../support/bridge.ts';
import { DOMAIN } from '../../support/domain.ts';
import { API_KEY, startService } from '../../support/service.ts';
import { startUpstream } from '../../support/upstream.ts';

const CALLBACK = 'https://app.example.com/callback';
const REDIRECTING = {
  client_name: 'assistant',
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
};

test('a client with redirect-based grants is registered at the provider, which begins its flow at its redirect URI and at no other', async (t) => {
  const upstream = await startUpstream();
  t.after(() => upstream.stop());
  const { issuer, initialAccessToken } = upstream;
  const acme = {
    type: 'oidc',
    issuer,
    initial_access_token: '{env:IAT}',
    allow_insecure_loopback: true,
  };
  const { '*': everyone } = DOMAIN.portals;
  const { grant_types } = REDIRECTING;
  const service = await startService({
    config: {
      ...DOMAIN,
      providers: { ...DOMAIN.providers, acme },
      portals: { '*': { ...everyone, providers: ['acme'], grant_types } },
    },
    env: { IAT: initialAccessToken },
  });
  t.after(() => service.stop());
  const { status, body, text } = await send(`${service.managementUrl}/register/acme`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(REDIRECTING),
  });
  assert.equal(status, 201, text);
  assert.deepEqual([body.grant_types, body.redirect_uris], [grant_types, [CALLBACK]]);
  const [there] = await upstream.clients();
  assert.deepEqual([there?.grant_types, there?.redirect_uris], [grant_types, [CALLBACK]]);

  const authorize = (redirect_uri: string) =>
    send(
      `${issuer}/auth?${new URLSearchParams({
        client_id: String(there?.client_id),
        redirect_uri,
        response_type: 'code',
        scope: 'openid',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
      })}`,
    );
  const begun = await authorize(CALLBACK);
  assert.equal(begun.status, 303, begun.text);
  assert.match(begun.headers.get('location') ?? '', /\/interaction\//);
  assert.equal((await authorize('https://evil.example.com/callback')).status, 400);
});
