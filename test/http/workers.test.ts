/** Several workers behind one set of listeners: a life of them, over a real Redis. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Credentials, fetchToken, portal, postToken, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { childrenOf } from '../support/process-tree.ts';
import { openExchange } from '../support/raw-http.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { assertRefusesConnections } from '../support/refuses-connections.ts';
import {
  API_KEY,
  newKeyEncryptionKey,
  refusesToStart,
  startService,
  stopWhileStarting,
  type TestService,
} from '../support/service.ts';

const WORKERS = 2;
const SOON_MS = 10_000;

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

const KEY_ENCRYPTION_KEY = newKeyEncryptionKey();
const environment = () => ({ STORE_URL: redis.url, WORKERS: String(WORKERS), KEY_ENCRYPTION_KEY });
const start = () => startService({ env: environment() });

/** Connections are what is handed round. */
const tokenOverANewConnection = (service: TestService, { client_id, client_secret }: Credentials) =>
  postToken(
    service,
    { grant_type: 'client_credentials' },
    { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}`, connection: 'close' },
  );

/** Their process ids. */
const workersOf = ({ pid }: TestService) => childrenOf(pid);

const readiness = async (service: TestService) => (await send(`${service.opsUrl}/readyz`)).body;

/** A sample of the metrics page, by its whole name with labels. */
async function sample(service: TestService, name: string): Promise<number> {
  const { text } = await send(`${service.opsUrl}/metrics`);
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

const ready = (service: TestService) =>
  eventually(async () => {
    assert.equal(workersOf(service).length, WORKERS);
    assert.equal((await readiness(service)).status, 'ready');
  }, SOON_MS);

describe('while they run', () => {
  let service: TestService;
  let client: Credentials;
  before(async () => {
    service = await start();
    await ready(service);
    client = (await portal(service).create({ scope: 'read' })).body;
  });
  after(async () => {
    assert.equal(await service.stop(), 0);
  });

  test('all of them serve, with one set of keys, and the page of metrics counts for all of them', async () => {
    const before = await sample(service, 'dcr_bridge_tokens_issued_total');
    const keys = new Set<string>();
    const TOKENS = 20;
    for (let token = 0; token < TOKENS; token += 1) {
      assert.equal((await tokenOverANewConnection(service, client)).status, 200);
    }
    for (let worker = 0; worker < WORKERS; worker += 1) {
      const url = `${service.publicUrl}/.well-known/jwks.json`;
      keys.add((await send(url, { headers: { connection: 'close' } })).text);
    }
    assert.equal(keys.size, 1);
    assert.equal(await sample(service, 'dcr_bridge_tokens_issued_total'), before + TOKENS);
    const labels = 'le="+Inf",listener="public",route="/oauth2/token",method="POST",status="200"';
    assert.equal(await sample(service, `dcr_bridge_http_request_duration_seconds_bucket{${labels}}`), TOKENS);
    assert.equal(await sample(service, 'dcr_bridge_key_ring_version'), 1);
    assert.equal(await sample(service, 'dcr_bridge_clients_in_all'), 1);
  });

  test('a worker that is killed is started again, and meanwhile the other serves', async () => {
    const [victim = 0] = workersOf(service);
    process.kill(victim, 'SIGKILL');
    await eventually(async () => assert.ok(!workersOf(service).includes(victim)), SOON_MS);
    for (let token = 0; token < 10; token += 1) {
      assert.equal((await tokenOverANewConnection(service, client)).status, 200);
    }
    await ready(service);
    await eventually(
      async () =>
        assert.ok(service.output.some((line) => line.includes('a worker ended; another is started'))),
      SOON_MS,
    );
  });

  test('a signal that reaches a worker too does not end it: the supervisor says when', async () => {
    const before = workersOf(service);
    for (const pid of before) {
      process.kill(pid, 'SIGTERM');
      process.kill(pid, 'SIGINT');
    }
    assert.equal((await fetchToken(service, client)).status, 200);
    await ready(service);
    assert.deepEqual(workersOf(service), before);
  });
});

test('R-14: SIGTERM lets every worker finish what is in flight, and ends with 0', async () => {
  // The requests are held open from here to the end, however slow the machine: it is not their time that is tested.
  const unhurried = { REQUEST_DEADLINE_MS: '30000', DRAIN_TIMEOUT_MS: '30000' };
  const service = await startService({ env: { ...environment(), ...unhurried } });
  await ready(service);
  const half = `POST /bridge/local/clients HTTP/1.1\r\nHost: ${new URL(service.managementUrl).host}\r\nX-API-KEY: ${API_KEY}\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n{"client_name":`;
  const inFlight = await Promise.all(
    Array.from({ length: 2 * WORKERS }, () => openExchange(service.managementUrl)),
  );
  for (const exchange of inFlight) exchange.send(half);
  // Each worker is asked after it was handed its connections, and again when it has read what came over them.
  for (let turn = 0; turn < 2; turn += 1) {
    assert.equal((await send(`${service.opsUrl}/metrics`)).status, 200);
  }

  const workers = workersOf(service);
  process.kill(service.pid, 'SIGTERM');
  await eventually(async () => assert.equal((await readiness(service)).status, 'draining'), SOON_MS);
  await assertRefusesConnections(service.publicUrl, SOON_MS);
  for (const exchange of inFlight) exchange.send('"so late"}');
  for (const exchange of inFlight) assert.equal((await exchange.answer()).status, 201);
  assert.equal(await service.ended(), 0);
  for (const pid of workers) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

/** As a terminal and systemd do, at the worst time: it has not come so far as to ignore it. */
function stopsLoadingWorker(pid: number | undefined): boolean {
  if (pid !== undefined) process.kill(pid, 'SIGTERM');
  return pid !== undefined;
}

test('R-14: a stop signal that ends the first worker while it is loaded ends all with 0', async () => {
  const { code, output } = await stopWhileStarting(environment(), ({ pid }) =>
    stopsLoadingWorker(childrenOf(pid)[0]),
  );
  assert.equal(code, 0, output);
  assert.match(output, /"msg":"stopped"/);
});

test('R-14: a stop signal that ends another worker while it is loaded ends all with 0', async () => {
  const service = await start();
  assert.ok(stopsLoadingWorker(workersOf(service).at(-1)));
  assert.equal(await service.stop(), 0, service.output.join('\n'));
});

test('no worker outlives its supervisor', async () => {
  const service = await start();
  await ready(service);
  const workers = workersOf(service);
  await service.kill();
  await eventually(async () => {
    for (const pid of workers) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  }, SOON_MS);
});

test('what keeps one process from starting keeps several from it: said once, with code 1', async () => {
  const service = await start();
  const { port } = new URL(service.managementUrl);
  const env = { ...environment(), MANAGEMENT_LISTEN: `127.0.0.1:${port}` };
  const { code, output } = await refusesToStart({ env });
  assert.equal(code, 1);
  assert.equal(output.match(/can't start: .*EADDRINUSE/g)?.length, 1, output);
  assert.equal(await service.stop(), 0);
});
