/** A worker that is alive and does not turn: found by its silence, killed, replaced; a slow one is left alone. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Credentials, portal, postToken, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { childrenOf } from '../support/process-tree.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';

const WORKERS = 2;
const LIMIT_MS = 5000;
const SOON_MS = 20_000;
const KILLED = 'a worker does not turn any more; it is killed';

let redis: RedisServer;
let service: TestService;
let client: Credentials;
before(async () => {
  redis = await startRedis();
  service = await startService({
    env: {
      STORE_URL: redis.url,
      KEY_ENCRYPTION_KEY: newKeyEncryptionKey(),
      WORKERS: String(WORKERS),
      WORKER_SILENCE_LIMIT_MS: String(LIMIT_MS),
      NODE_OPTIONS: `--require ${resolve(import.meta.dirname, '../support/stuck.cjs')}`,
    },
  });
  await complete();
  client = (await portal(service).create({ scope: 'read' })).body;
});
after(async () => {
  assert.equal(await service.stop(), 0);
  await redis.stop();
});

const complete = () =>
  eventually(async () => {
    assert.equal(childrenOf(service.pid).length, WORKERS);
    assert.equal((await send(`${service.opsUrl}/readyz`)).status, 200);
  }, SOON_MS);

const kills = () => service.output.filter((line) => line.includes(KILLED)).length;

async function tokenOfEach(): Promise<void> {
  for (let request = 0; request < 2 * WORKERS; request += 1) {
    const { status } = await postToken(
      service,
      { grant_type: 'client_credentials' },
      { authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`, connection: 'close' },
    );
    assert.equal(status, 200);
  }
}

for (const [name, signal] of [
  ['whose event loop is blocked for ever', 'SIGUSR2'],
  ['that was stopped', 'SIGSTOP'],
] as const) {
  test(`R-13: a worker ${name} is killed and replaced, and the other is not touched`, async () => {
    const killedBefore = kills();
    const [victim = 0, other = 0] = childrenOf(service.pid);
    const began = performance.now();
    process.kill(victim, signal);
    await eventually(async () => assert.throws(() => process.kill(victim, 0), { code: 'ESRCH' }), SOON_MS);
    const tookMs = performance.now() - began;
    assert.ok(tookMs > LIMIT_MS - 1500, `${tookMs} ms`);
    // Its line may come after its end.
    await eventually(async () => assert.equal(kills(), killedBefore + 1), SOON_MS);
    // The second time it is the one that took the first one's place that answers.
    await tokenOfEach();
    await complete();
    assert.ok(childrenOf(service.pid).includes(other));
  });
}

test('R-13: a worker that is slow is left alone, and so are all of them when the whole machine slept', async () => {
  const before = childrenOf(service.pid);
  const killedBefore = kills();
  // Twice three seconds: more than the limit in all, with a beat between.
  for (let turn = 0; turn < 2; turn += 1) {
    for (const worker of before) process.kill(worker, 'SIGURG');
    await sleep(4000);
  }
  const everybody = [service.pid, ...before];
  for (const pid of everybody) process.kill(pid, 'SIGSTOP');
  await sleep(LIMIT_MS + 2500);
  for (const pid of everybody) process.kill(pid, 'SIGCONT');
  await sleep(2000);
  await tokenOfEach();
  assert.deepEqual(childrenOf(service.pid), before);
  assert.equal(kills(), killedBefore);
});
