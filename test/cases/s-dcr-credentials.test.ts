/** S-DCR: who may register. Without a good credential nothing is stored, by any dialect, on any route. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { issueInitialAccessToken, rollPortalKey, setPortalState } from '../../src/portals/manage.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { eventually } from '../support/eventually.ts';
import { shapeOf } from '../support/refusal.ts';
import { API_KEY } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';
import { type CaseBridge, startBridge } from './support/bridge.ts';
import { bearer, call, DIALECTS, RFC_DIALECTS, through } from './support/dialects.ts';
import { ROUTES, urlOf } from './support/routes.ts';
import { storedClients, UNAUTHORIZED } from './support/stored.ts';

const TEST = 'test' as PortalName;
const CREATED = { client_name: 'a client', redirect_uris: [] };

let bridge: CaseBridge;
before(async () => {
  bridge = await startBridge();
});
after(async () => {
  await bridge.service.stop();
});

const aWhileAgo = () => Math.floor(Date.now() / 1000) - 10;

function issueToken(portal: PortalName, uses: number, now?: () => number): Promise<string> {
  return bridge.asOperator(async (context) => {
    const issuing = now === undefined ? context : { ...context, now };
    const token = await issueInitialAccessToken(issuing, portal, uses, now === undefined ? 60 : 5);
    assert.ok(token !== undefined);
    return token;
  });
}

for (const dialect of DIALECTS) {
  test(`S-DCR-01 without a good key nothing is registered, and every refusal looks the same (${dialect.name})`, async () => {
    const { service } = bridge;
    const name = `expiring${DIALECTS.indexOf(dialect)}` as PortalName;
    const expired = await bridge.addPortal(name);
    assert.equal((await through(dialect, service, expired).create(CREATED)).status, 201, 'before its end');
    await bridge.asOperator((context) => rollPortalKey({ ...context, now: aWhileAgo }, name, 1));
    const { clients } = through(dialect, service);
    const wrong = `${API_KEY.slice(0, -1)}8`;
    const answers = [];
    for (const headers of [{}, { 'x-api-key': wrong }, bearer(wrong), { 'x-api-key': expired }]) {
      const act = () => call('POST', clients, { body: CREATED, headers });
      answers.push(shapeOf(await refuses(service, UNAUTHORIZED, act)));
    }
    const [missing, ...others] = answers as { body: { error_description: string } }[];
    assert.match(missing?.body.error_description ?? '', /X-API-KEY/);
    for (const other of others) assert.deepEqual(other, others[0]);
    for (const headers of [{ 'x-api-key': API_KEY }, bearer(API_KEY)]) {
      assert.equal((await call('POST', clients, { body: CREATED, headers })).status, 201);
    }
  });
}

test('S-DCR-01 refused credentials are counted, and too many of them are answered 429', async () => {
  const guessed = await startBridge();
  try {
    const { service } = guessed;
    const guess = () => through(DIALECTS[0] ?? assert.fail(), service, 'dcrk_a_guess').create(CREATED);
    await refuses(service, UNAUTHORIZED, guess);
    // 600 in a minute from one address are borne.
    for (let made = 1; made < 600; made += 1) assert.equal((await guess()).status, 401);
    const limited = { status: 429, error: 'too_many_requests', headers: { 'retry-after': /^[1-9]\d?$/ } };
    const refused = await refuses(service, { ...limited, says: /a valid key is not held back/ }, guess);
    assert.ok(!refused.text.includes('dcrk_a_guess'));
    const own = await through(DIALECTS[0] ?? assert.fail(), service).create(CREATED);
    assert.equal(own.status, 201, 'whoever has a key is not shut out by those who guess');
  } finally {
    await guessed.service.stop();
  }
});

for (const dialect of RFC_DIALECTS) {
  test(`S-DCR-02 of twelve parallel uses of a token for five clients exactly five register one (${dialect.name})`, async () => {
    const { service } = bridge;
    const token = await issueToken(TEST, 5);
    const before = storedClients(service).length;
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        call('POST', dialect.clients(service), { body: CREATED, headers: bearer(token) }),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [
      ...Array(5).fill(201),
      ...Array(7).fill(401),
    ]);
    assert.equal(storedClients(service).length, before + 5);
    for (const { body } of answers.filter(({ status }) => status === 401)) {
      assert.equal(body.error, 'unauthorized');
      assert.equal(body.client_id, undefined);
    }
    await refuses(service, UNAUTHORIZED, () =>
      call('POST', dialect.clients(service), { body: CREATED, headers: bearer(token) }),
    );
  });
}

test('S-DCR-02 a use is not lost to a registration that was refused', async () => {
  const { service } = bridge;
  const [dialect = assert.fail()] = RFC_DIALECTS;
  const token = await issueToken(TEST, 1);
  const register = (body: object) => call('POST', dialect.clients(service), { body, headers: bearer(token) });
  await refuses(service, { status: 400, error: 'invalid_client_metadata' }, () =>
    register({ scope: 'admin' }),
  );
  assert.equal((await register(CREATED)).status, 201);
  await refuses(service, UNAUTHORIZED, () => register(CREATED));
});

for (const dialect of RFC_DIALECTS) {
  test(`S-DCR-03 an expired token, and a token of a disabled portal, register nothing (${dialect.name})`, async () => {
    const { service } = bridge;
    const portal = `closing${RFC_DIALECTS.indexOf(dialect)}` as PortalName;
    const key = await bridge.addPortal(portal);
    const short = await issueToken(portal, 5, aWhileAgo);
    const long = await issueToken(portal, 5);
    const register = (headers: Record<string, string>) => () =>
      call('POST', dialect.clients(service), { body: CREATED, headers });
    assert.equal((await register(bearer(long))()).status, 201);
    await refuses(service, UNAUTHORIZED, register(bearer(short)));
    await bridge.asOperator((context) => setPortalState(context, portal, 'disabled'));
    await refuses(service, UNAUTHORIZED, register(bearer(long)));
    await refuses(service, UNAUTHORIZED, register({ 'x-api-key': key }));
    await bridge.asOperator((context) => setPortalState(context, portal, 'active'));
    assert.equal((await register(bearer(long))()).status, 201);
  });
}

test('S-DCR-03 a token that registers opens no other route', async () => {
  const { service } = bridge;
  const token = await issueToken(TEST, 5);
  const { body } = await through(DIALECTS[0] ?? assert.fail(), service).create();
  const others = ROUTES.filter(
    ({ method, path }) => !(method === 'POST' && /register(\/:provider)?$/.test(path)),
  );
  assert.equal(others.length, ROUTES.length - 2);
  const fresh = await startBridgeBeside(bridge);
  try {
    for (const route of others) {
      const url = urlOf(fresh.service, route, { client_id: body.client_id, secret_id: 'sec_x' });
      const act = () => call(route.method, url, { body: route.example, headers: bearer(token) });
      await refuses(fresh.service, UNAUTHORIZED, act);
    }
  } finally {
    await fresh.service.stop();
  }
});

test('S-DCR-04 a portal without the provider is refused on every route, the creating ones too', async () => {
  const { service } = bridge;
  const barred = await bridge.addPortal('barred');
  for (const route of ROUTES) {
    const url = urlOf(service, route, { client_id: 'cl_0000000000000000000000', secret_id: 'sec_x' });
    const act = () => call(route.method, url, { key: barred, body: route.example });
    await refuses(service, { status: 403, error: 'access_denied' }, act);
  }
  assert.equal((await through(DIALECTS[0] ?? assert.fail(), service).create()).status, 201);
});

test('S-DCR-04 every route refuses who brings no key', async () => {
  const fresh = await startBridge();
  try {
    for (const route of ROUTES) {
      const url = urlOf(fresh.service, route, { client_id: 'cl_0000000000000000000000', secret_id: 'sec_x' });
      await refuses(fresh.service, UNAUTHORIZED, () => call(route.method, url, { body: route.example }));
    }
  } finally {
    await fresh.service.stop();
  }
});

for (const dialect of DIALECTS) {
  test(`S-DCR-25 a page of another origin is allowed nothing (${dialect.name})`, async () => {
    const { service } = bridge;
    const { clients, create, client } = through(dialect, service);
    const { body } = await create();
    const origin = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    for (const url of [clients, client(body.client_id)]) {
      for (const value of [origin, { ...origin, origin: 'null' }]) {
        const preflight = await call('OPTIONS', url, { headers: value });
        assertNoCors(preflight.headers);
      }
    }
    // A form needs no preflight: it must not be taken for JSON.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      await refuses(service, { status: 415, error: 'unsupported_media_type' }, () =>
        call('POST', clients, { key: API_KEY, body: CREATED, headers: { ...origin, 'content-type': type } }),
      );
    }
    const made = await create(CREATED, origin);
    assert.equal(made.status, 201, 'Origin is not what decides');
    assertNoCors(made.headers);
  });
}

function assertNoCors(headers: Headers): void {
  const cors = [...headers.keys()].filter((name) => name.startsWith('access-control-'));
  assert.deepEqual(cors, []);
}

/** Another process on the same store, whose count of refused credentials is at zero. */
function startBridgeBeside({ service: { directory } }: CaseBridge): Promise<CaseBridge> {
  return startBridge({ directory });
}

for (const dialect of RFC_DIALECTS) {
  test(`S-DCR-02 the retry of what spent a token hears the same answer, and nobody else hears it (${dialect.name})`, async () => {
    const { service } = bridge;
    const { clients } = through(dialect, service);
    const [token, other] = [await issueToken(TEST, 1), await issueToken(TEST, 1)];
    const register = (credential: string, key: string | undefined, body: object = CREATED) =>
      call('POST', clients, {
        body,
        headers: { ...bearer(credential), ...(key === undefined ? {} : { 'idempotency-key': key }) },
      });
    const made = await register(token, 'retry-1');
    assert.equal(made.status, 201);
    const before = storedClients(service).length;
    for (let again = 0; again < 3; again += 1) {
      const answer = await register(token, 'retry-1');
      assert.equal(answer.status, 201);
      assert.deepEqual(answer.body, made.body);
    }
    assert.equal(storedClients(service).length, before, 'a retry registers nothing');
    // Spent, it is otherwise a token that never was: whatever is sent with it, wrong or right.
    await refuses(service, UNAUTHORIZED, () => register(token, 'retry-2'));
    await refuses(service, UNAUTHORIZED, () => register(token, undefined));
    await refuses(service, UNAUTHORIZED, () =>
      register(token, 'retry-2', { redirect_uris: ['javascript:x'] }),
    );
    await refuses(service, { status: 422, error: 'idempotency_key_reused' }, () =>
      register(token, 'retry-1', { client_name: 'another' }),
    );
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const body = method === 'PUT' ? CREATED : undefined;
      await refuses(service, UNAUTHORIZED, () =>
        call(method, `${clients}/${made.body.client_id}`, { body, headers: bearer(token) }),
      );
    }
    const theirs = await register(other, 'retry-1');
    assert.equal(theirs.status, 201);
    assert.notEqual(theirs.body.client_id, made.body.client_id, "another bearer's key is another key");
  });

  test(`S-DCR-02 the answer is not heard with a token whose time is over, or whose portal is disabled (${dialect.name})`, async () => {
    const { service } = bridge;
    const { clients } = through(dialect, service);
    const name = `retrying${RFC_DIALECTS.indexOf(dialect)}` as PortalName;
    await bridge.addPortal(name);
    const register = (token: string) =>
      call('POST', clients, { body: CREATED, headers: { ...bearer(token), 'idempotency-key': 'retry' } });
    // Ends 5 s after its making, which was a moment ago.
    const short = await issueToken(name, 1, () => Math.floor(Date.now() / 1000) - 1);
    const long = await issueToken(name, 1);
    for (const token of [short, long]) assert.equal((await register(token)).status, 201);
    await eventually(async () => assert.equal((await register(short)).status, 401), 8000);
    assert.equal((await register(long)).status, 201);
    await bridge.asOperator((context) => setPortalState(context, name, 'disabled'));
    await refuses(service, UNAUTHORIZED, () => register(long));
  });
}
