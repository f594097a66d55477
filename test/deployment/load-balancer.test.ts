/**
 * The two nodes, Redis and HAProxy of `docker-compose.yml`, running: what one node does the other knows,
 * and what stops in the middle costs nobody more than it must.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { composeService } from './compose-file.ts';
import { type Deployment, deploy } from './load-balancer.ts';
import { startTraffic } from './traffic.ts';

/** Checks every second, twice to be sure, and reconnects to Redis: on two busy cores. */
const RECOVERY_MS = 10_000;

let deployment: Deployment;
let client: Credentials;

before(async () => {
  deployment = await deploy();
  await untilReady();
  client = (await portalAt(0).create()).body;
});
after(() => deployment?.stop());

const portalAt = (index: 0 | 1) => portal(deployment.nodes[index].service, { key: deployment.apiKey });
const tokenAt = (index: 0 | 1) => fetchToken(deployment.nodes[index].service, client);
const jwks = (url: string) => send(`${url}/.well-known/jwks.json`);

function tokenThroughBalancer(of = client): Promise<Answer> {
  return send(`${deployment.publicUrl}/oauth2/token`, { method: 'POST', ...tokenRequest(of) });
}

function tokenRequest({ client_id, client_secret } = client) {
  return {
    headers: {
      authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials',
  };
}

function createThroughBalancer(): Promise<Answer> {
  return send(`${deployment.managementUrl}/bridge/local/clients`, { method: 'POST', ...createRequest() });
}

function createRequest() {
  return {
    headers: { 'x-api-key': deployment.apiKey, 'content-type': 'application/json' },
    body: '{"client_name":"a client","scope":"read"}',
  };
}

/** Both nodes say so, and the load balancer's management door leads to one of them. */
async function untilReady(): Promise<void> {
  await eventually(async () => {
    for (const { service } of deployment.nodes)
      assert.equal((await send(`${service.opsUrl}/readyz`)).status, 200);
    const created = await createThroughBalancer();
    assert.equal(created.status, 201, created.text);
  }, RECOVERY_MS);
}

test('a client that was created through one node fetches its token from the other', async () => {
  const here = await tokenAt(0);
  const there = await tokenAt(1);
  assert.equal(here.status, 200, here.text);
  assert.equal(there.status, 200, there.text);
  assert.equal((await tokenThroughBalancer()).status, 200);
});

test('both nodes publish the same keys', async () => {
  const [first, second] = await Promise.all(deployment.nodes.map(({ service }) => jwks(service.publicUrl)));
  assert.equal(first?.status, 200);
  assert.ok((first?.body.keys.length ?? 0) > 0);
  assert.equal(second?.text, first?.text);
});

test("the load balancer's health check passes", () => {
  const [kind, program = '', ...args] =
    composeService(deployment.file, 'load-balancer').healthcheck?.test ?? [];
  assert.equal(kind, 'CMD');
  const healthy = (port: number) =>
    spawnSync(
      program,
      args.map((arg) => arg.replace('/3000', `/${port}`)),
      { stdio: 'ignore' },
    ).status === 0;
  assert.equal(healthy(deployment.publicPort), true);
  assert.equal(healthy(1), false);
});

/** Of each kind of request that the load balancer leads on, it has answered one since it was started. */
async function hasItsShare({ service }: Deployment['nodes'][number]): Promise<void> {
  await eventually(async () => {
    const { text } = await send(`${service.opsUrl}/metrics`);
    for (const answered of ['"/oauth2/token"', '"/.well-known/jwks.json"', '"/bridge/:provider/clients"']) {
      const counts = text
        .split('\n')
        .filter((line) => line.startsWith('dcr_bridge_http_request_duration_seconds_count{'));
      assert.ok(
        counts.some((line) => line.includes(`route=${answered}`) && /status="20[01]"/.test(line)),
        answered,
      );
    }
  }, RECOVERY_MS);
}

test('F-17: a node that is told to stop, one after the other, costs no caller an answer', async () => {
  const token = {
    url: `${deployment.publicUrl}/oauth2/token`,
    method: 'POST',
    ...tokenRequest(),
    expected: 200,
  };
  const keys = { url: `${deployment.publicUrl}/.well-known/jwks.json`, method: 'GET', expected: 200 };
  const create = {
    url: `${deployment.managementUrl}/bridge/local/clients`,
    method: 'POST',
    ...createRequest(),
    expected: 201,
  };
  const traffic = startTraffic([token, token, keys, keys, create, create]);
  await sleep(500);
  for (const node of deployment.nodes) {
    assert.equal(await node.stop(), 0);
    await sleep(500);
    await node.start();
    // Until the load balancer has seen that it is back, the other one must not go.
    await hasItsShare(node);
  }
  const { failures, requests } = await traffic.stop();
  assert.deepEqual(failures, []);
  assert.ok(requests > 1000, `${requests} requests`);
});

test('R-01, R-02, R-04: without Redis keys are served, known clients get tokens, all else is refused with 503 and heals', async () => {
  // A client that no node has loaded, and one that each has.
  const unknown = (await createThroughBalancer()).body as typeof client;
  for (const node of [0, 1] as const) assert.equal((await tokenAt(node)).status, 200);
  await deployment.redis.stop();
  const until = Date.now() + 4000;
  do {
    const [keys, known, token, created] = await Promise.all([
      jwks(deployment.publicUrl),
      tokenThroughBalancer(),
      tokenThroughBalancer(unknown),
      createThroughBalancer(),
    ]);
    assert.equal(keys.status, 200);
    assert.equal(known.status, 200, known.text);
    for (const refused of [token, created]) {
      assert.equal(refused.status, 503, refused.text);
      assert.ok(Number(refused.headers.get('retry-after')) > 0);
      assert.equal(refused.body.error, 'temporarily_unavailable');
    }
    // While the load balancer finds out, and after: then the nodes themselves still answer.
    assert.ok(token.body.error_id !== undefined, token.text);
    await sleep(100);
  } while (Date.now() < until);

  await deployment.redis.restart();
  await untilReady();
  assert.equal((await tokenThroughBalancer()).status, 200);
});

test('without any node the load balancer itself says that it is temporary, in JSON', async () => {
  await Promise.all(deployment.nodes.map((node) => node.stop()));
  await eventually(async () => {
    for (const answer of [
      await tokenThroughBalancer(),
      await createThroughBalancer(),
      await jwks(deployment.publicUrl),
    ]) {
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get('retry-after'), '5');
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal(answer.body.error, 'temporarily_unavailable');
      assert.equal(answer.body.error_id, undefined);
    }
  }, RECOVERY_MS);
});
