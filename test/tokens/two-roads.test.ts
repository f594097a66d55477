/** The fast road and the short road answer what the engine answers: the same requests down all, compared. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type Router from '@koa/router';
import fc from 'fast-check';
import { type ClientId, newClientId } from '../../src/clients/client-id.ts';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { findSecret, newSecret } from '../../src/clients/secret.ts';
import type { TokenClient } from '../../src/clients/token-client.ts';
import { createApp } from '../../src/http/apps.ts';
import { fastRoad } from '../../src/http/fast-road.ts';
import { publicDocuments, publicRoutes } from '../../src/http/public-routes.ts';
import { type TokenEndpoint, tokenEndpoint } from '../../src/http/token-endpoint.ts';
import { createEngine } from '../../src/oidc/engine.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { issueAccessToken } from '../../src/tokens/issue.ts';
import { quickToken } from '../../src/tokens/quick-token.ts';
import type { ShortRoadContext } from '../../src/tokens/short-road.ts';
import { createTokenReuse } from '../../src/tokens/token-reuse.ts';
import { NO_STATUS_LISTS } from './support.ts';

const NOW = 1_800_000_000;
const ISSUER = 'https://auth.example';
const API = 'https://api.example.com';
const hash = (text: string) => createHmac('sha256', 'pepper').update(text).digest();

const { secret, value } = newSecret(randomBytes, hash, NOW);
const client = (method: string): ClientRecord => ({
  client_id: newClientId(randomBytes),
  portal: 'test' as PortalName,
  provider: 'local',
  version: 1,
  state: 'active',
  created_at: NOW,
  updated_at: NOW,
  metadata: {
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: method,
    scope: 'read write',
    labels: {},
    extension: {},
  },
  granted_resources: [API],
  secrets: [secret],
});
const basic = client('client_secret_basic');
const posting = client('client_secret_post');
const disabled: ClientRecord = { ...client('client_secret_basic'), state: 'disabled' };
const stored = new Map([basic, posting, disabled].map((record) => [record.client_id, record]));

const resource = {
  identifier: API,
  audience: API,
  scopes: ['read', 'write'],
  token_lifetime_seconds: 600,
  signing_alg: 'ES256' as const,
  claims: {},
};
let shortTaken = 0;
const road: ShortRoadContext = {
  clients: { lookUps: () => 0, read: async (id) => stored.get(id), readAnew: async (id) => stored.get(id) },
  matchesSecret: (record, presented) => findSecret(record?.secrets ?? [], presented, hash, NOW) !== undefined,
  issue: (record, request) =>
    issueAccessToken(
      {
        issuer: ISSUER,
        catalogue: { resources: new Map([[API, resource]]), default_resource: API },
        ceilingOf: () => ({
          grant_types: ['client_credentials'],
          resources: [API],
          scopes: ['read', 'write'],
          claims: { portal: '{portal}' },
        }),
        // Not a signature: the same bytes for the same claims, so that whole tokens can be compared.
        activeKey: (alg) => ({ kid: 'kid', alg, sign: (data) => hash(Buffer.from(data).toString()) }),
        statusListPlaces: NO_STATUS_LISTS,
        newTokenId: () => 'jti',
        reuse: createTokenReuse(1_000_000, () => false),
      },
      record,
      request,
      NOW,
    ),
};

const METRICS = { observe: () => {}, tokenIssued: () => {}, tokenRefused: () => {} };
const UNLIMITED = { ofAddress: { take: async () => undefined }, ofClient: { take: async () => undefined } };
let draining = false;
/** Answers of the fast road. */
let observed = 0;
const SET = { body: Buffer.from('{"keys":[]}'), etag: '"0"' };
const documents = publicDocuments({
  metadata: { issuer: ISSUER },
  jwks: () => SET,
  keyCacheSeconds: 300,
  jwksRead: () => {},
});
let fast: Server;
let fastTaken = 0;
let short: Server;
let engine: Server;
before(async () => {
  const alone = createEngine({ ...road, issuer: ISSUER });
  const endpoint = tokenEndpoint(
    {
      ...road,
      issue: (...words) => {
        shortTaken += 1;
        return road.issue(...words);
      },
    },
    () => undefined,
    alone,
  );
  engine = await serve(app(alone));
  short = await serve(app(endpoint));
  const quick = {
    warm: (id: string) => stored.get(id as ClientId),
    findSecret: (record: TokenClient | undefined, presented: string) =>
      findSecret(record?.secrets ?? [], presented, hash, NOW),
    issue: road.issue,
    used: () => {
      fastTaken += 1;
    },
  };
  const options = {
    documents,
    token: (form: string, authorization: string) => quickToken(quick, form, authorization),
    tokenBodyLimitBytes: 32 * 1024,
    knowsHost: () => true,
    isDraining: () => draining,
    log: createLogger('silent'),
    metrics: { ...METRICS, observe: countAnswer },
  };
  fast = await serve(fastRoad(options, app(endpoint)));
});
after(() => {
  fast.close();
  short.close();
  engine.close();
});

function app(token: TokenEndpoint): RequestListener {
  const metrics = METRICS;
  const routes = publicRoutes({
    documents,
    pem: () => undefined,
    keyCacheSeconds: 300,
    token,
    tokenBodyLimitBytes: 32 * 1024,
    failures: UNLIMITED,
    metrics,
  });
  const log = createLogger('silent');
  const options = {
    listener: 'public' as const,
    log,
    metrics,
    newRequestId: () => 'id',
    isDraining: () => draining,
  };
  return createApp(options, (router: Router) => routes(router)).callback();
}

function countAnswer(): void {
  observed += 1;
}

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

interface Sent {
  readonly form: string;
  readonly authorization: string | undefined;
  readonly type: string;
}

async function answerOf(server: Server, { form, authorization, type }: Sent) {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': type, ...(authorization === undefined ? {} : { authorization }) },
    body: form,
  });
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'));
  return { status: response.status, headers, body: await response.json() };
}

const encoded = (text: string) => encodeURIComponent(text).replaceAll('%20', '+');
const idOf = fc.constantFrom(
  basic.client_id,
  posting.client_id,
  disabled.client_id,
  newClientId(randomBytes),
  'nobody',
  '',
);
const secretOf = fc.oneof(
  { weight: 4, arbitrary: fc.constant(value) },
  fc.constantFrom('', `${value}\0`, `${value} `, value.slice(1), 'é', 'a:b', '%zz'),
);
const authorizationOf = fc.oneof(
  { weight: 6, arbitrary: fc.constant(`Basic ${btoa(`${basic.client_id}:${value}`)}`) },
  fc.tuple(idOf, secretOf).map(([id, word]) => `Basic ${btoa(`${encoded(id)}:${encoded(word)}`)}`),
  fc.tuple(idOf, secretOf).map(([id, word]) => `basic ${Buffer.from(`${id}:${word}`).toString('base64')}`),
  fc.constantFrom(undefined, 'Basic', 'Basic !', 'Basic YQ', 'Bearer x', `Basic ${btoa('no colon')}`),
);
const parameterOf = fc.oneof(
  { weight: 3, arbitrary: fc.constant(['grant_type', 'client_credentials']) },
  fc.tuple(
    fc.constant('grant_type'),
    fc.constantFrom('', 'password', 'authorization_code', 'Client_Credentials'),
  ),
  fc.tuple(
    fc.constant('scope'),
    fc.constantFrom('read', 'read write', 'write read', '', 'admin', 'read  write', ' read', 'r"d'),
  ),
  fc.tuple(
    fc.constantFrom('resource', 'audience'),
    fc.constantFrom(API, `${API}/`, 'https://other.example', '', 'x'),
  ),
  fc.tuple(fc.constant('client_id'), idOf),
  fc.tuple(fc.constant('client_secret'), secretOf),
  fc.tuple(fc.constantFrom('foo', '__proto__', 'client_assertion', 'toString'), fc.constantFrom('', 'x')),
);
const sent: fc.Arbitrary<Sent> = fc.record({
  form: fc
    .oneof(
      fc.uniqueArray(parameterOf, { maxLength: 3, selector: ([name]) => name }),
      fc.array(parameterOf, { maxLength: 5 }),
    )
    .map((parameters) => [
      'grant_type=client_credentials',
      ...parameters
        .filter(([name, word]) => name !== 'grant_type' || word !== 'client_credentials')
        .map((pair) => pair.map((word) => encoded(word ?? '')).join('=')),
    ])
    .chain((parts) => fc.constantFrom(parts, parts, parts, parts.slice(1)))
    .map((parts) => parts.join('&')),
  authorization: authorizationOf,
  type: fc.constantFrom(
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded;charset=UTF-8',
    'application/json',
  ),
});

test('600 generated requests are answered alike by the fast road, the short road and the engine, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(sent, async (request) => {
      const [quick, one, other] = [
        await answerOf(fast, request),
        await answerOf(short, request),
        await answerOf(engine, request),
      ];
      assert.deepEqual(one, other);
      assert.deepEqual(quick, other);
    }),
    { numRuns: 600 },
  );
  assert.ok(fastTaken > 20, `only ${fastTaken} tokens were issued on the fast road`);
  assert.ok(shortTaken > 20, `only ${shortTaken} tokens were issued on the short road`);
});

test('every kind of plain request takes the short road', async () => {
  const forms = [
    'grant_type=client_credentials',
    `grant_type=client_credentials&scope=read&resource=${encodeURIComponent(API)}`,
  ];
  const begun = shortTaken;
  for (const form of forms) {
    const type = 'application/x-www-form-urlencoded';
    const authorization = `Basic ${btoa(`${basic.client_id}:${value}`)}`;
    assert.equal((await answerOf(short, { form, authorization, type })).status, 200);
    const inBody = `${form}&client_id=${posting.client_id}&client_secret=${value}`;
    assert.equal((await answerOf(short, { form: inBody, authorization: undefined, type })).status, 200);
  }
  assert.equal(shortTaken - begun, 4);
});

/** The whole answer as it is on the wire, but for the time and the length of keeping a connection. */
async function wire(server: Server, bytes: string): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  socket.write(bytes, 'latin1');
  let received = '';
  for await (const chunk of socket) {
    received += chunk;
    const [head = '', body = ''] = received.split('\r\n\r\n');
    const length = bytes.startsWith('HEAD') ? 0 : Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (received.includes('\r\n\r\n') && body.length >= length) break;
  }
  return received.replace(/\r\nDate: [^\r]*/, '');
}

const FORM = 'grant_type=client_credentials&scope=read';
const TOKEN_HEAD = [
  'POST /oauth2/token HTTP/1.1',
  'Host: auth.example',
  `Authorization: Basic ${btoa(`${basic.client_id}:${value}`)}`,
  'Content-Type: application/x-www-form-urlencoded',
  `Content-Length: ${FORM.length}`,
];
const request = (head: readonly string[], body = '') => `${head.join('\r\n')}\r\n\r\n${body}`;
const get = (path: string, ...headers: readonly string[]) =>
  request([`GET ${path} HTTP/1.1`, 'Host: auth.example', ...headers]);
const post = (...headers: readonly string[]) => request([...TOKEN_HEAD, ...headers], FORM);
const JWKS = '/.well-known/jwks.json';

/** Name, request, whether the fast road is to answer it. */
const REQUESTS: readonly (readonly [name: string, bytes: string, isFast: boolean])[] = [
  ['the keys', get(JWKS), true],
  ['the metadata', get('/.well-known/openid-configuration', 'Accept: */*', 'Via: 1.1 x'), true],
  ['the keys with a query', get(`${JWKS}?reader=a`), false],
  ['the keys for who has them', get(JWKS, 'If-None-Match: "0"'), false],
  ['the keys from who has others', get(JWKS, 'If-None-Match: "1"'), false],
  ['the keys, in part', get(JWKS, 'Range: bytes=0-1'), false],
  ['the keys, with two hosts', get(JWKS, 'Host: other.example'), false],
  ['the keys, with two types', get(JWKS, 'Content-Type: a/b', 'Content-Type: c/d'), false],
  ['the keys, with a body', request([`GET ${JWKS} HTTP/1.1`, 'Host: a', 'Content-Length: 2'], 'hi'), false],
  ['the keys by HEAD', get(JWKS).replace('GET', 'HEAD'), false],
  ['the keys by POST', get(JWKS).replace('GET', 'POST'), false],
  ['the keys by an absolute URL', get(`http://auth.example${JWKS}`), false],
  ['the keys at another host', get(`http://other.example${JWKS}`), false],
  ['the keys, closing', get(JWKS, 'Connection: close'), true],
  ['the keys by HTTP/1.0', get(JWKS).replace('1.1', '1.0'), false],
  ['what is not there', get('/nothing'), false],
  ['a token', post(), true],
  ['a token, closing', post('Connection: close'), true],
  ['a token with a query', post().replace('/token ', '/token?scope=write '), false],
  ['a token with two credentials', post('Authorization: Basic YTpi'), false],
  ['a token with a header that is not known', post('X-New: 1'), false],
  ['a token with two lengths of the same number', post('Content-Length: 40'), false],
  ['a token with a compressed body', post('Content-Encoding: gzip'), false],
  ['a token of a JSON body', post().replace('x-www-form-urlencoded', 'json'), false],
  ['a token in another character set', post().replace('urlencoded', 'urlencoded;charset=latin1'), false],
  ['a token by GET', post().replace('POST', 'GET'), false],
  [
    'a token in chunks',
    request(
      TOKEN_HEAD.map((line) => line.replace(/Content-Length.*/, 'Transfer-Encoding: chunked')),
      `${FORM.length.toString(16)}\r\n${FORM}\r\n0\r\n\r\n`,
    ),
    false,
  ],
];

test('what is not exactly plain is answered by Koa as if the fast road were not there, to the byte', async () => {
  for (const [name, bytes, isFast] of REQUESTS) {
    const begun = observed;
    const quick = await wire(fast, bytes);
    assert.equal(observed - begun, isFast ? 1 : 0, name);
    assert.equal(quick, await wire(short, bytes), name);
    assert.match(quick, /^HTTP\/1\.1 \d{3} /, name);
  }
});

test('a form that comes in pieces, or behind its head, is answered all the same', async () => {
  const { port } = fast.address() as AddressInfo;
  const bytes = post();
  for (const cut of [bytes.length - FORM.length, bytes.length - 5]) {
    const socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1');
    socket.write(bytes.slice(0, cut));
    await sleep(20);
    socket.write(bytes.slice(cut));
    const [answer] = await once(socket, 'data');
    assert.match(answer, /^HTTP\/1\.1 200 /);
    socket.destroy();
  }
});

test('S-TOK-21: one client that asks for every call, in a pipeline too, is answered in order', async () => {
  const { port } = fast.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  const begun = fastTaken;
  const bad = post().replace('scope=read', 'scope=nope');
  socket.write([post(), bad, get(JWKS), post()].join(''));
  let received = '';
  for await (const chunk of socket) {
    received += chunk;
    if ((received.match(/HTTP\/1/g) ?? []).length === 4 && received.trimEnd().endsWith('}')) break;
  }
  assert.deepEqual(
    received.match(/HTTP\/1\.1 \d{3}/g),
    [200, 400, 200, 200].map((status) => `HTTP/1.1 ${status}`),
  );
  assert.equal(fastTaken - begun, 2);
});

test('a node that is leaving says so in the answer to a token that it was making', async () => {
  const bytes = post();
  assert.match(await wire(fast, bytes), /Connection: keep-alive/);
  draining = true;
  try {
    assert.equal(await wire(fast, bytes), await wire(short, bytes));
    assert.match(await wire(fast, bytes), /Connection: close/);
  } finally {
    draining = false;
  }
});
