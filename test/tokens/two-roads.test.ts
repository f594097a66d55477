/** The short road answers what the engine answers: the same requests down both, compared. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type Router from '@koa/router';
import fc from 'fast-check';
import { newClientId } from '../../src/clients/client-id.ts';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { findSecret, newSecret } from '../../src/clients/secret.ts';
import { createApp } from '../../src/http/apps.ts';
import { publicRoutes } from '../../src/http/public-routes.ts';
import { type TokenEndpoint, tokenEndpoint } from '../../src/http/token-endpoint.ts';
import { createEngine } from '../../src/oidc/engine.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { issueAccessToken } from '../../src/tokens/issue.ts';
import type { ShortRoadContext } from '../../src/tokens/short-road.ts';
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
const post = client('client_secret_post');
const disabled: ClientRecord = { ...client('client_secret_basic'), state: 'disabled' };
const stored = new Map([basic, post, disabled].map((record) => [record.client_id, record]));

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
  clients: { read: async (id) => stored.get(id) },
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
      },
      record,
      request,
      NOW,
    ),
};

let short: Server;
let engine: Server;
before(async () => {
  const alone = createEngine({ ...road, issuer: ISSUER });
  engine = await serve(alone);
  short = await serve(
    tokenEndpoint(
      {
        ...road,
        issue: (...words) => {
          shortTaken += 1;
          return road.issue(...words);
        },
      },
      alone,
    ),
  );
});
after(() => {
  short.close();
  engine.close();
});

async function serve(token: TokenEndpoint): Promise<Server> {
  const metrics = { observe: () => {}, tokenIssued: () => {}, tokenRefused: () => {} };
  const routes = publicRoutes({
    metadata: {},
    jwks: () => ({ body: Buffer.from('{}'), etag: '"0"' }),
    pem: () => undefined,
    token,
    tokenBodyLimitBytes: 32 * 1024,
    metrics,
  });
  const log = createLogger('silent');
  const options = {
    listener: 'public' as const,
    log,
    metrics,
    newRequestId: () => 'id',
    isDraining: () => false,
  };
  const app = createApp(options, (router: Router) => routes(router));
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
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
  post.client_id,
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

test('600 generated requests are answered alike by the short road and by the engine, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(sent, async (request) => {
      const [one, other] = [await answerOf(short, request), await answerOf(engine, request)];
      assert.deepEqual(one, other);
    }),
    { numRuns: 600 },
  );
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
    const inBody = `${form}&client_id=${post.client_id}&client_secret=${value}`;
    assert.equal((await answerOf(short, { form: inBody, authorization: undefined, type })).status, 200);
  }
  assert.equal(shortTaken - begun, 4);
});
