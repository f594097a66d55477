/** The description against a running service: what it says is there, is there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { operations } from '../../support/api-description.ts';
import { send } from '../../support/bridge.ts';
import { API_KEY, startService, type TestService } from '../../support/service.ts';
import { tempDir } from '../../support/temp.ts';

const CLI = resolve(import.meta.dirname, '../../../src/cli.ts');

let service: TestService;
before(async () => {
  service = await startService();
});
after(() => service.stop());

const routes = [...operations].map(([route, { security }]) => {
  const [method = '', template = ''] = route.split(' ');
  return { method, template, security };
});

for (const { method, template } of routes) {
  test(`${method} ${template} is served where the description says, and asks for a credential`, async () => {
    const base = template.startsWith('/oauth2/') ? service.publicUrl : service.managementUrl;
    const path = template
      .replace('{provider}', 'local')
      .replace('{client_id}', 'cl_1cTLxJdKtEmBtCkLYIHRDG')
      .replace('{secret_id}', 'sec_6MqbAvZIVYvEHF0kTVxJ5p');
    const { status, headers, body } = await send(base + path, { method });
    assert.equal(status, 401);
    assert.match(headers.get('www-authenticate') ?? '', /^Bearer /);
    assert.deepEqual(Object.keys(body), ['error', 'error_description', 'error_id']);
  });
}

test('C-10: the service describes itself at its own addresses, to who has no key, on the management listener only', async () => {
  const { status, body } = await send(`${service.managementUrl}/openapi.json`);
  assert.equal(status, 200);
  assert.deepEqual(
    Object.keys(body.paths).sort(),
    [...new Set(routes.map(({ template }) => template))].sort(),
  );
  assert.equal(body.paths['/oauth2/register'].servers[0].url, service.issuer);
  assert.equal(body.info.version, '1.0.0');
  assert.equal((await send(`${service.managementUrl}/docs`)).status, 200);
  for (const path of ['/openapi.json', '/docs']) {
    assert.equal((await send(service.publicUrl + path)).status, 404);
    assert.equal((await send(service.opsUrl + path)).status, 404);
  }
});

test('the example of a registration is accepted in every dialect', async () => {
  const registrations = [...operations].filter(([, { responses }]) => responses[201] !== undefined);
  const creating = registrations.filter(([route]) => !route.includes('{client_id}'));
  assert.equal(creating.length, 4);
  for (const [route, { requestBody }] of creating) {
    const path = route.replace('POST ', '').replace('{provider}', 'local');
    const base = path.startsWith('/oauth2/') ? service.publicUrl : service.managementUrl;
    const { status, text } = await send(base + path, {
      method: 'POST',
      headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
      body: JSON.stringify(requestBody?.content['application/json'].example),
    });
    assert.equal(status, 201, `${route}: ${text}`);
  }
});

test('"dcr-bridge openapi" prints what the service serves, and leaves no store and no key behind', async () => {
  const served = await send(`${service.managementUrl}/openapi.json`);
  const cwd = tempDir('openapi-command');
  const print = (...words: readonly string[]) =>
    execFileSync(process.execPath, [CLI, 'openapi', ...words], {
      cwd,
      env: { PATH: process.env.PATH, ISSUER: service.issuer, MANAGEMENT_URL: service.managementUrl },
      encoding: 'utf8',
    });
  const printed = print();
  assert.match(printed, /^\{\n {2}"openapi": "3\.1\.1",\n/);
  assert.deepEqual(JSON.parse(printed), served.body);
  assert.equal(print('--json').trimEnd(), served.text);
  assert.deepEqual(readdirSync(cwd), []);
});
