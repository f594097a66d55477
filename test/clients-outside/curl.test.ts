/** Plain curl, and every way in which clients write a Basic header: percent-encoded, not, and too much. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { requirePackages } from '../gateways/debian-packages.ts';
import { type Credentials, portal } from '../support/bridge.ts';
import { startService, type TestService } from '../support/service.ts';
import { run } from './run.ts';

let service: TestService;
before(async () => {
  requirePackages('curl');
  service = await startService();
});
after(() => service?.stop());

/** `--fail-with-body` ends badly for a status of 400 and above. */
async function curl(...args: readonly string[]) {
  const { output, complaint } = await run('/usr/bin/curl', ['-sS', '--fail-with-body', ...args]);
  assert.ok(output, complaint);
  return JSON.parse(output);
}

async function register(token_endpoint_auth_method: string): Promise<Credentials> {
  return (await portal(service).create({ scope: 'read', token_endpoint_auth_method })).body;
}

test('curl finds the token endpoint in the metadata and fetches a token by client_secret_basic', async () => {
  const { client_id, client_secret } = await register('client_secret_basic');
  const metadata = await curl(`${service.issuer}/.well-known/oauth-authorization-server`);
  assert.equal(metadata.issuer, service.issuer);
  const token = await curl(
    ...['-u', `${client_id}:${client_secret}`, '-d', 'grant_type=client_credentials'],
    metadata.token_endpoint,
  );
  assert.equal(token.token_type, 'Bearer');
  assert.equal(token.scope, 'read');
});

test('curl fetches a token by client_secret_post', async () => {
  const { client_id, client_secret } = await register('client_secret_post');
  const token = await curl(
    ...['-d', 'grant_type=client_credentials', '-d', 'scope=read'],
    ...['--data-urlencode', `client_id=${client_id}`, '--data-urlencode', `client_secret=${client_secret}`],
    `${service.issuer}/oauth2/token`,
  );
  assert.equal(token.expires_in, 600);
});

const WRITINGS: readonly (readonly [string, (text: string) => string])[] = [
  ['as it is', (text) => text],
  ['form-encoded', (text) => new URLSearchParams({ '': text }).toString().slice(1)],
  ['percent-encoded', encodeURIComponent],
  ['percent-encoded in every character', (text) => percentEncoded(text)],
  ['percent-encoded in lower case', (text) => percentEncoded(text).toLowerCase()],
];

function percentEncoded(text: string): string {
  return text.replace(/./g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

for (const [how, written] of WRITINGS) {
  test(`S-DCR-29: an id and a secret that are written ${how} into a Basic header are understood`, async () => {
    const { client_id, client_secret } = await register('client_secret_basic');
    const token = await curl(
      ...['-u', `${written(client_id)}:${written(client_secret)}`, '-d', 'grant_type=client_credentials'],
      `${service.issuer}/oauth2/token`,
    );
    assert.ok(token.access_token);
  });
}
