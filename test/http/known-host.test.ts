/** S-DCR-32: by which names the listeners answer, and what is served under every name. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fetchToken, portal } from '../support/bridge.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { assertRefusal } from '../support/refusal.ts';
import { API_KEY, startService, type TestService } from '../support/service.ts';
import { rowsOf } from '../support/unwritten.ts';

let service: TestService;
before(async () => {
  service = await startService({
    env: {
      MANAGEMENT_URL: 'https://bridge.example.com:8443/dcr',
      ALLOWED_HOSTS: 'bridge, *.svc.example.com',
    },
  });
});
after(async () => {
  await service.stop();
});

const MISDIRECTED = { status: 421, error: 'misdirected_request', says: /ALLOWED_HOSTS/ } as const;
const KEY = [`X-API-KEY: ${API_KEY}`, 'Content-Type: application/json'];

const ask = (
  url: string,
  line: string,
  host: readonly string[],
  headers: readonly string[] = [],
  body?: string,
) => sendRaw(url, rawRequest(line, [...host.map((name) => `Host: ${name}`), ...headers], body));

test('S-DCR-32 both listeners answer to their own URLs, to allowed names and to this machine, on any port', async () => {
  for (const host of [
    ...['127.0.0.1', 'localhost:8080', 'LocalHost', '[::1]:3000', 'bridge.example.com', 'bridge:3000'],
    ...['a.svc.example.com', 'b.a.svc.example.com:80'],
  ]) {
    const token = await ask(service.publicUrl, 'POST /oauth2/token', [host], [], '');
    assert.notEqual(token.status, 421, host);
    const made = await ask(service.managementUrl, 'POST /bridge/local/clients', [host], KEY, '{}');
    assert.equal(made.status, 201, host);
  }
});

test('S-DCR-32 a client that has just been given a token gets none under a name that is not ours', async () => {
  const { body } = await portal(service).create({});
  assert.equal((await fetchToken(service, body)).status, 200);
  const headers = [
    'Content-Type: application/x-www-form-urlencoded',
    `Authorization: Basic ${Buffer.from(`${body.client_id}:${body.client_secret}`).toString('base64')}`,
  ];
  const asked = (host: string) =>
    ask(service.publicUrl, 'POST /oauth2/token', [host], headers, 'grant_type=client_credentials');
  assert.equal((await asked('localhost')).status, 200);
  assertRefusal(await asked('evil.example'), MISDIRECTED);
  assert.equal((await asked('bridge')).status, 200);
});

test('S-DCR-32 under any other name nothing that takes a credential or makes a URL is served', async () => {
  const before = rowsOf(service);
  for (const host of [
    'evil.example',
    'svc.example.com',
    'asvc.example.com',
    'bridge.evil.example',
    '192.0.2.1',
  ]) {
    for (const [url, line, body] of [
      [service.publicUrl, 'POST /oauth2/token', 'grant_type=client_credentials'],
      [service.publicUrl, 'POST /oauth2/register', '{}'],
      [service.publicUrl, 'GET /nothing', undefined],
      [service.managementUrl, 'POST /bridge/local/clients', '{}'],
      [service.managementUrl, 'POST /konnect/local', '{}'],
      [service.managementUrl, 'POST /register/local', '{}'],
      [service.managementUrl, 'GET /openapi.json', undefined],
      [service.managementUrl, 'GET /docs', undefined],
    ] as const) {
      const answer = await ask(url, line, [host], KEY, body);
      assertRefusal(answer, MISDIRECTED);
      assert.ok(!answer.text.includes(host), 'repeats what was received');
    }
  }
  assert.deepEqual(rowsOf(service), before);
});

test('keys and metadata are served under every name, and say the same under each', async () => {
  for (const path of ['jwks.json', 'openid-configuration', 'oauth-authorization-server']) {
    const line = `GET /.well-known/${path}`;
    const own = await ask(service.publicUrl, line, ['localhost']);
    const other = await ask(service.publicUrl, line, ['evil.example']);
    assert.equal(own.status, 200);
    assert.deepEqual([other.status, other.text], [own.status, own.text]);
  }
});

test('a path that only begins like an open one, and a way out of it, are not open', async () => {
  for (const path of ['/.well-known', '/.well-known-x/', '/.well-known/../oauth2/token', '//.well-known/']) {
    const answer = await ask(service.publicUrl, `POST ${path}`, ['evil.example'], [], '');
    assert.ok([404, 405, 421].includes(answer.status), `${path}: ${answer.status}`);
  }
});

test('probes reach the operator listener under any name', async () => {
  for (const path of ['/livez', '/readyz', '/metrics']) {
    assert.equal((await ask(service.opsUrl, `GET ${path}`, ['pod.example'])).status, 200);
  }
});
