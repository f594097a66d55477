/**
 * What portals hear of an identity provider that refuses, hangs or talks nonsense, in every dialect, held
 * against the description that the service serves: the status is described, one of its examples has the code,
 * and the headers and members that came are in it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Answer as Answered, send } from '../../support/bridge.ts';
import { DOMAIN } from '../../support/domain.ts';
import { API_KEY, startService, type TestService } from '../../support/service.ts';
import {
  type Answer,
  json,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/upstream-scripted.ts';

const hangs: Answer = () => {};
const registers: Answer = (response, { body }) => {
  const asked = JSON.parse(body);
  const client_id = asked.software_id;
  const management = {
    registration_client_uri: `http://${new URL(`http://${response.req.headers.host}`).host}/reg/one`,
    registration_access_token: 'rat-f7Kq2mX9bT4wZ8',
  };
  json(201, { ...asked, client_id, client_secret: 's-f7Kq2mX9bT4wZ8', ...management })(response, {
    method: 'POST',
    path: '/reg',
    headers: {},
    body,
  });
};

/** How the provider of this name answers a registration, and what the portal hears. */
const CREATES: Readonly<
  Record<string, { answer: Answer; status: number; error: string; members?: readonly string[] }>
> = {
  refusing: {
    answer: json(400, { error: 'invalid_redirect_uri', error_description: 'no' }),
    status: 502,
    error: 'upstream_refused',
    members: ['upstream_error', 'upstream_error_description'],
  },
  barring: {
    answer: json(401, { error: 'invalid_token' }),
    status: 502,
    error: 'upstream_credential_refused',
    members: ['upstream_error'],
  },
  busy: { answer: json(429, {}, { 'retry-after': '60' }), status: 503, error: 'temporarily_unavailable' },
  hanging: { answer: hangs, status: 504, error: 'upstream_timeout' },
  babbling: {
    answer: (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello</p>'),
    status: 502,
    error: 'upstream_malformed',
  },
  absent: { answer: (response) => void response.destroy(), status: 502, error: 'upstream_unreachable' },
  widening: {
    answer: (response, received) =>
      registers(response, {
        ...received,
        body: JSON.stringify({ ...JSON.parse(received.body), scope: 'read write admin' }),
      }),
    status: 502,
    error: 'upstream_not_acceptable',
  },
};

const CREATE = 'POST /bridge/{provider}/clients';
const EVERY_CREATE = [CREATE, 'POST /konnect/{provider}', 'POST /register/{provider}'];
const CLIENT = { client_name: 'a', redirect_uris: ['https://app.example.com/callback'] };

const upstreams = new Map<string, ScriptedUpstream>();
let service: TestService;
// biome-ignore lint/suspicious/noExplicitAny: a document of another's making
let description: any;
before(async () => {
  for (const name of [...Object.keys(CREATES), 'working', 'losing'])
    upstreams.set(name, await startScriptedUpstream());
  const oidc = {
    type: 'oidc',
    initial_access_token: '{env:IAT}',
    allow_insecure_loopback: true,
    timeout_ms: 1_500,
  };
  const added = [...upstreams].map(([name, { issuer }]) => [name, { ...oidc, issuer }]);
  // Much longer than a second change of the same client waits for the first (1 s), which hangs.
  const patient = { working: { ...oidc, issuer: upstreams.get('working')?.issuer, timeout_ms: 3_000 } };
  const providers = { ...DOMAIN.providers, ...Object.fromEntries(added), ...patient };
  const everyone = { ...DOMAIN.portals['*'], providers: Object.keys(providers), calls_per_minute: 100_000 };
  service = await startService({
    config: { ...DOMAIN, providers, portals: { '*': everyone } },
    env: { IAT: 'iat-f7Kq2mX9bT4wZ8' },
  });
  description = (await send(`${service.managementUrl}/openapi.json`)).body;
});
after(async () => {
  await service?.stop();
  for (const upstream of upstreams.values()) await upstream.close();
});

/** Sends to the operation and holds what comes against its description. */
async function call(
  route: string,
  params: Readonly<Record<string, string>>,
  { body, key }: { readonly body?: object; readonly key?: string } = {},
): Promise<Answered> {
  const [method = '', template = ''] = route.split(' ');
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const answer = await send(service.managementUrl + path, {
    method,
    headers: {
      'x-api-key': API_KEY,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assertDescribed(description.paths[template][method.toLowerCase()].responses[answer.status], answer, route);
  return answer;
}

// biome-ignore lint/suspicious/noExplicitAny: a document of another's making
function assertDescribed(described: any, { status, headers, body, text }: Answered, route: string): void {
  assert.ok(described !== undefined, `${route} says nothing of ${status}: ${text}`);
  const declared = Object.entries<{ $ref: string }>(described.headers ?? {});
  for (const [name, { $ref }] of declared) {
    const { required } = description.components.headers[$ref.replace('#/components/headers/', '')];
    assert.ok(!required || headers.has(name), `${route} ${status}: ${name}`);
  }
  const retry = headers.has('retry-after');
  assert.ok(!retry || declared.some(([name]) => name === 'Retry-After'), `${route} ${status}: Retry-After`);
  if (status < 400) return;
  const references = Object.values<{ $ref: string }>(described.content['application/json'].examples);
  const examples = references.map(
    ({ $ref }) => description.components.examples[$ref.replace('#/components/examples/', '')].value,
  );
  const example = examples.find(({ error, error_description }) =>
    error === 'upstream_not_acceptable' ? error === body.error : error_description === body.error_description,
  );
  assert.ok(example !== undefined, `${route} ${status} has no example of: ${text}`);
  assert.equal(body.error, example.error);
  const { properties } = description.components.schemas.Error;
  for (const member of Object.keys(body)) assert.ok(member in properties, text);
}

for (const [name, { status, error, members = [] }] of Object.entries(CREATES)) {
  test(`S-UP-09: a provider that is ${name}: every dialect hears ${status} ${error}, as described`, async () => {
    const { answer } = CREATES[name] ?? {};
    if (answer !== undefined) upstreams.get(name)?.on('POST', '/reg', answer);
    // One that asks for patience is not asked again.
    for (const route of name === 'busy' ? [CREATE] : EVERY_CREATE) {
      const { body, ...answered } = await call(route, { provider: name }, { body: CLIENT });
      assert.deepEqual([answered.status, body.error], [status, error], answered.text);
      assert.deepEqual(Object.keys(body), ['error', 'error_description', 'error_id', ...members]);
      assert.ok(!answered.text.includes('f7Kq2mX9bT4wZ8'));
    }
  });
}

test('a provider that is left alone: 503 with Retry-After, and it was not asked', async () => {
  const busy = upstreams.get('busy');
  const asked = busy?.to('POST', '/reg').length;
  const { status, headers } = await call(CREATE, { provider: 'busy' }, { body: CLIENT });
  assert.equal(status, 503);
  assert.match(headers.get('retry-after') ?? '', /^(?:[1-9]|[1-5]\d|60)$/);
  assert.equal(busy?.to('POST', '/reg').length, asked);
});

test('a key that is under way, and one whose answers were lost twice: 409, and no third request', async () => {
  const losing = upstreams.get('losing');
  losing?.on('POST', '/reg', hangs);
  const create = () => call(CREATE, { provider: 'losing' }, { body: CLIENT, key: 'lost' });
  const first = create();
  while (losing?.to('POST', '/reg').length === 0) await new Promise((done) => setTimeout(done, 10));
  const meanwhile = await create();
  assert.deepEqual([meanwhile.status, meanwhile.headers.get('retry-after')], [409, '5']);
  assert.equal((await first).status, 504);
  assert.equal((await create()).status, 504);
  const unsettled = await create();
  assert.equal(unsettled.status, 409);
  assert.match(unsettled.body.error_description, /reconcile/);
  assert.equal(losing?.to('POST', '/reg').length, 2);
});

test('a change under way, one that is not taken, a rotation, a delete that is not agreed to: as described', async () => {
  const working = upstreams.get('working');
  working?.on('POST', '/reg', registers);
  const created = await call(CREATE, { provider: 'working' }, { body: CLIENT });
  assert.equal(created.status, 201, created.text);
  const client = { provider: 'working', client_id: String(created.body.client_id) };
  const one = '/bridge/{provider}/clients/{client_id}';
  working?.on('PUT', '/reg/one', hangs);
  const first = call(`PUT ${one}`, client, { body: { client_name: 'b' } });
  while (working?.to('PUT', '/reg/one').length === 0) await new Promise((done) => setTimeout(done, 10));
  const busy = await call(`PUT ${one}`, client, { body: { client_name: 'c' } });
  assert.deepEqual([busy.status, busy.headers.get('retry-after')], [409, '5'], busy.text);
  assert.equal((await first).status, 504);
  const untaken = await call(`PUT ${one}`, client, { body: { client_name: 'd' } });
  assert.deepEqual([untaken.status, untaken.headers.get('retry-after')], [409, null], untaken.text);
  assert.match(untaken.body.error_description, /takes no changes/);
  const rotated = await call(`POST ${one}/rotate-secret`, client);
  assert.deepEqual([rotated.status, rotated.body.error], [409, 'rotation_not_supported']);
  working?.on('DELETE', '/reg/one', json(500, {}));
  const deleted = await call(`DELETE ${one}`, client);
  assert.deepEqual([deleted.status, deleted.body.state], [202, 'deleting'], deleted.text);
});
