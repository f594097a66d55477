/**
 * S-LOG-01: unique secrets go through every road, right and wrong, with the log at its loudest. Afterwards
 * none of them is in the log, the metrics, an error, the store or the keys directory.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newClientId } from '../../src/clients/client-id.ts';
import { issueInitialAccessToken } from '../../src/portals/manage.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { type Answer, fetchToken, portal, postToken, send } from '../support/bridge.ts';
import { addPortals, asOperator, DOMAIN } from '../support/domain.ts';
import { openExchange, rawRequest, sendRaw } from '../support/raw-http.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';

const KEK = newKeyEncryptionKey();
const API_KEY = `dcrk_${randomBytes(24).toString('hex')}`;
const FORM = 'application/x-www-form-urlencoded';

/** Everything that must be nowhere, by what it is. */
const canaries = new Map<string, string>([
  ['the key-encryption key', KEK],
  ["the portal's key", API_KEY],
]);
const errors: string[] = [];
let service: TestService;

/** A secret of a caller's that nobody has seen before. */
function secret(what: string): string {
  const value = `canary${randomBytes(12).toString('hex')}`;
  canaries.set(what, value);
  return value;
}

/** Runs a request; what it answers is looked through later if it is an error. */
async function seen(request: Promise<Answer>): Promise<Answer> {
  const answer = await request;
  if (answer.status >= 400) errors.push(JSON.stringify([answer.text, ...answer.headers]));
  return answer;
}

before(async () => {
  const portals = { ...DOMAIN.portals, recovering: { secret_storage: 'recoverable', max_secrets: 5 } };
  service = await startService({
    config: { ...DOMAIN, portals },
    env: {
      KEY_ENCRYPTION_KEY: KEK,
      BOOTSTRAP_PORTAL: `test:${API_KEY}`,
      LOG_LEVEL: 'trace',
      // One body below never comes.
      REQUEST_DEADLINE_MS: '1500',
    },
  });
  await everyRoad();
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

async function everyRoad(): Promise<void> {
  const own = portal(service, { key: API_KEY });
  const made = await seen(
    own.create({ scope: 'read', client_secret: secret('a secret that a portal chose') }),
  );
  canaries.set('a client secret', made.body.client_secret);
  const id: string = made.body.client_id;
  const token = await seen(fetchToken(service, made.body));
  canaries.set('an access token', token.body.access_token);
  canaries.set("an access token's signature", token.body.access_token.split('.')[2]);
  canaries.set('the secret after a rotation', (await seen(own.rotate(id))).body.client_secret);
  await seen(own.read(id));
  await seen(
    own.update(id, { registration_access_token: secret('a registration token that a portal chose') }),
  );

  await everyDialect(id);
  await recoverableSecrets();
  await wrongKeys(id);
  await wrongBodies(id);
  await wrongTokenRequests(id, made.body.client_secret);
  await seen(own.delete(id));
  await seen(own.delete(id));
}

/** The credential under that name in an answer, from now on to be found nowhere. */
async function issued(what: string, answer: Promise<Answer>, member = 'client_secret'): Promise<string> {
  const value = (await seen(answer)).body[member];
  assert.equal(typeof value, 'string', what);
  canaries.set(what, value);
  return value;
}

async function everyDialect(id: string): Promise<void> {
  const call = (method: string, url: string, credential: string, body?: object, more = {}) =>
    send(url, {
      method,
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json', ...more },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const management = (method: string, path: string, body?: object, more = {}) =>
    call(method, service.managementUrl + path, API_KEY, body, more);
  const once = (what: string) => ({ 'idempotency-key': secret(what) });

  const kept = once('the key of a repeated request');
  for (const body of [{ scope: 'read' }, { scope: 'read' }, { scope: 'write' }]) {
    const answer = await seen(management('POST', '/bridge/local/clients', body, kept));
    if (answer.status === 201) canaries.set('a secret that is kept for a retry', answer.body.client_secret);
  }
  await seen(management('POST', '/bridge/local/clients', {}, { 'idempotency-key': `${secret('a key')} ü` }));
  await issued('an added secret', management('POST', `/bridge/local/clients/${id}/secrets`, {}));
  await seen(management('POST', `/bridge/local/clients/${id}/secrets`, {}));
  await seen(management('DELETE', `/bridge/local/clients/${id}/secrets/${secret('a secret as its id')}`));
  await seen(management('GET', `/bridge/local/clients?cursor=${secret('a secret as cursor')}`));
  await seen(management('GET', `/bridge/local/clients?limit=${secret('a secret as limit')}`));
  await issued("Konnect's secret", management('POST', `/konnect/local/${id}/new-secret`));
  const event = { event_type: 'add_registration', audience: secret('a secret as audience') };
  await seen(management('POST', `/konnect/local/${id}/event-hook`, event));
  await seen(management('POST', `/konnect/local/${id}/event-hook`, { event_type: secret('an event') }));

  const register = `${service.publicUrl}/oauth2/register`;
  const initial = await asOperator(service, KEK, (portals) =>
    issueInitialAccessToken(portals, 'test' as PortalName, 1, 60),
  );
  canaries.set('an initial access token', initial ?? '');
  const registered = await seen(call('POST', register, initial ?? '', { scope: 'read' }));
  const { client_id, client_secret, registration_access_token: token } = registered.body;
  canaries.set('a registered secret', client_secret);
  canaries.set('a registration access token', token);
  await seen(call('POST', register, initial ?? '', {}));
  await seen(call('GET', `${register}/${client_id}`, token));
  await seen(call('GET', `${register}/${id}`, token));
  await seen(call('GET', `${register}/${client_id}`, `dcrr_${secret('a wrong registration token')}`));
  await seen(call('POST', register, `dcri_${secret('a wrong initial access token')}`, {}));
  const chosen = { client_secret: secret('a secret that a client chose') };
  await seen(call('PUT', `${register}/${client_id}`, token, { client_id, ...chosen }));
  await issued('a renewed secret', call('POST', `${register}/${client_id}/renew-secret`, token));
}

/** Where the policy keeps secrets, they are kept sealed. */
async function recoverableSecrets(): Promise<void> {
  const { recovering } = await addPortals(service, KEK, 'recovering');
  canaries.set("a portal's key that an operator made", recovering);
  const made = portal(service, { key: recovering }).create({ scope: 'read' });
  await issued('a secret that is shown again', made);
  const { client_id } = (await made).body;
  const url = `${service.managementUrl}/register/local/${client_id}`;
  const headers = { 'x-api-key': recovering, 'content-type': 'application/json' };
  const again = send(url, { method: 'PUT', headers, body: '{"scope":"read"}' });
  assert.equal((await again).body.client_secret, canaries.get('a secret that is shown again'));
}

async function wrongKeys(id: string): Promise<void> {
  const url = `${service.managementUrl}/bridge/local/clients`;
  const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
  await seen(portal(service, { key: secret('an unknown key') }).read(id));
  await seen(send(`${url}/${id}`, { headers: bearer(secret('an unknown bearer')) }));
  await seen(
    send(`${url}/${id}`, {
      headers: { authorization: `Basic ${btoa(`x:${secret('an unknown password')}`)}` },
    }),
  );
  await seen(
    send(`${url}/${id}`, { headers: { ...bearer(secret('one of two keys')), 'x-api-key': API_KEY } }),
  );
  await seen(send(`${url}/${secret('a secret in a path')}`, { headers: { 'x-api-key': API_KEY } }));
  await seen(send(`${url}?api_key=${secret('a secret in a query')}`, { headers: { 'x-api-key': API_KEY } }));
  await seen(send(`${service.managementUrl}/${secret('a secret in an unknown route')}`));
  await seen(send(`${service.publicUrl}/.well-known/keys/${secret('a secret as kid')}.pem`));
  await seen(portal(service, { provider: secret('a secret as provider'), key: API_KEY }).create());
  const hosts = ['Host: localhost', `Host: ${secret('a second host')}`];
  await seen(sendRaw(service.managementUrl, rawRequest(`GET /${secret('a path beside two hosts')}`, hosts)));
  await seen(
    sendRaw(service.publicUrl, rawRequest(`${'x'.repeat(3)} /${secret('no method')}`, ['Host: localhost'])),
  );
}

async function wrongBodies(id: string): Promise<void> {
  const url = `${service.managementUrl}/bridge/local/clients`;
  const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
  const post = (body: string, more = {}) =>
    seen(send(url, { method: 'POST', headers: { ...headers, ...more }, body }));
  const put = (body: string) => seen(send(`${url}/${id}`, { method: 'PUT', headers, body }));
  await post(`{"client_secret":"${secret('a secret in half an object')}"`);
  await post(`["${secret('a secret in an array')}"]`);
  await post(`{"x":"${secret('a secret beside a lone surrogate')}\\ud800"}`);
  await post(secret('a secret as a body'), { 'content-type': 'text/plain' });
  await post(`{"x":"${secret('a secret in a large body')}${'x'.repeat(40_000)}"}`);
  await post(`{"scope":"${secret('a secret as scope')}"}`);
  await put(`{"client_name":["${secret('a secret as name')}"]}`);
  await put(`{"redirect_uris":["javascript:${secret('a secret in a redirect URI')}"]}`);
  await put(`{"jwks":{"keys":[{"d":"${secret('a private key in metadata')}"}]}}`);
  const slow = await openExchange(service.managementUrl);
  const lines = [
    `POST /bridge/local/clients HTTP/1.1`,
    'Host: localhost',
    `X-API-KEY: ${API_KEY}`,
    'Content-Type: application/json',
    'Content-Length: 500',
  ];
  slow.send(`${lines.join('\r\n')}\r\n\r\n{"x":"${secret('a secret in a slow body')}`);
  await seen(slow.answer());
  slow.abort();
}

async function wrongTokenRequests(id: string, old: string): Promise<void> {
  const grant = { grant_type: 'client_credentials' };
  const basic = (user: string, password: string) => ({
    authorization: `Basic ${btoa(`${user}:${password}`)}`,
  });
  await seen(postToken(service, grant, basic(id, old)));
  await seen(postToken(service, grant, basic(id, secret('a wrong secret'))));
  await seen(
    postToken(service, grant, basic(newClientId(randomBytes), secret('a secret of an unknown client'))),
  );
  await seen(postToken(service, grant, basic(id, `%${secret('a badly encoded secret')}`)));
  await seen(
    postToken(service, grant, { authorization: `Bearer ${secret('a bearer at the token endpoint')}` }),
  );
  await seen(postToken(service, grant, { authorization: secret('no scheme') }));
  await seen(
    postToken(service, { ...grant, client_id: id, client_secret: secret('a wrong secret in the body') }),
  );
  await seen(postToken(service, { ...grant, client_assertion: secret('an assertion') }, basic(id, 'x')));
  await seen(postToken(service, { ...grant, resource: secret('a secret as resource') }, basic(id, 'x')));
  const twice = `client_secret=${secret('one of two secrets')}&client_secret=${secret('the other')}`;
  const post = (body: string, type = FORM) =>
    seen(
      send(`${service.publicUrl}/oauth2/token`, { method: 'POST', headers: { 'content-type': type }, body }),
    );
  await post(twice);
  await post(`{"client_secret":"${secret('a secret in JSON')}"}`, 'application/json');
  await post(`client_secret=${secret('a secret in a large form')}&x=${'x'.repeat(60_000)}`);
  await seen(
    send(`${service.publicUrl}/oauth2/token?client_secret=${secret('a secret in the query')}`, {
      method: 'POST',
    }),
  );
}

function assertFreeOfCanaries(text: string, where: string): void {
  for (const [what, value] of canaries) assert.ok(!text.includes(value), `${what} is in ${where}`);
}

test('there were enough of them, and enough was refused', () => {
  assert.ok(canaries.size > 60, `${canaries.size}`);
  assert.ok(errors.length > 35, `${errors.length}`);
  for (const [what, value] of canaries) assert.ok(value?.length >= 20, what);
});

test('S-LOG-01: none is in the log', () => {
  assert.ok(service.output.length > errors.length);
  assertFreeOfCanaries(service.output.join('\n'), 'the log');
  for (const line of service.output) assert.equal(typeof JSON.parse(line).level, 'string', line);
});

test('S-LOG-01: none is in an error that a caller got', () =>
  assertFreeOfCanaries(errors.join('\n'), 'an error'));

test('S-LOG-01: none is in the metrics', async () => {
  const { text } = await send(`${service.opsUrl}/metrics`);
  assert.match(text, /dcr_bridge_/);
  assertFreeOfCanaries(text, 'the metrics');
});

test('S-KEY-04, S-KEY-06: none is in the store or the keys directory, nor a private key in clear', () => {
  const files = readdirSync(service.directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(service.directory, name))
    .filter((path) => statSync(path).isFile());
  assert.ok(
    files.some((path) => path.endsWith('store.db')) && files.some((path) => path.endsWith('ring.json')),
  );
  for (const path of files) {
    const bytes = readFileSync(path);
    const text = bytes.toString('latin1');
    assertFreeOfCanaries(text, path);
    for (const [what, value] of canaries) {
      // As bytes too: a key-encryption key is base64url of what would be kept.
      const raw = Buffer.from(value, 'base64url');
      assert.ok(raw.length < 16 || !bytes.includes(raw), `${what} is in ${path}, decoded`);
    }
    assert.doesNotMatch(text, /PRIVATE KEY|"(d|p|q|dp|dq|qi)":"/, path);
  }
});

test('none is where other processes of this machine can look', () => {
  assertFreeOfCanaries(readFileSync(`/proc/${service.pid}/cmdline`, 'latin1'), 'the command line');
});
