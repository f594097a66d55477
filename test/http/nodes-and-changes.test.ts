/** Two nodes on one Redis, one of them over a line that fails: how soon it hears of what the other changed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../bench/statistics.ts';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { below, inTime } from '../support/in-time.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

/** The contract's `invalidation_bound`. */
const BOUND_MS = 5000;

let redis: RedisServer;
let line: TcpProxy;
let near: TestService;
let far: TestService;
let farEnv: Readonly<Record<string, string>>;
before(async () => {
  redis = await startRedis();
  line = await startTcpProxy(redis.port);
  const env = { KEY_ENCRYPTION_KEY: newKeyEncryptionKey(), STORE_URL: redis.url };
  near = await startService({ env });
  farEnv = { ...env, STORE_URL: `redis://127.0.0.1:${line.port}`, ISSUER: near.issuer };
  far = await startService({ env: farEnv });
});
after(async () => {
  await Promise.all([near.stop(), far.stop()]);
  await line.close();
  await redis.stop();
});

async function warmAtBoth(): Promise<Credentials> {
  const client: Credentials = (await portal(near).create({})).body;
  for (const service of [near, far]) assert.equal((await fetchToken(service, client)).status, 200);
  return client;
}

/** The service refuses the client's secret; fails beyond the bound. */
async function refusedSoon(service: TestService, client: Credentials): Promise<void> {
  await eventually(async () => assert.equal((await fetchToken(service, client)).status, 401), BOUND_MS);
}

test('a node that listens follows changes: the first client that it is asked for is looked up once', async () => {
  const client = await warmAtBoth();
  // A line that is slow, and on which nothing comes for a while longer, is as one that is cut.
  const { measured } = await below(2, async () => ({ measured: await missesOfNext(client) }));
  assert.equal(measured, 1);
});

/** How often a node that has just started looked the client up, within a second. */
async function missesOfNext(client: Credentials): Promise<number> {
  // The first two are for commits and reads.
  line.delayReplies(300, line.accepted + 2);
  const next = await startService({ env: farEnv });
  try {
    for (const end = performance.now() + 1000; performance.now() < end; await sleep(50)) {
      assert.equal((await fetchToken(next, client)).status, 200);
    }
    const { text } = await send(`${next.opsUrl}/metrics`);
    const [, misses] = /^dcr_bridge_client_cache_misses_total (\d+)$/m.exec(text) ?? [];
    return Number(misses);
  } finally {
    line.delayReplies(0);
    assert.equal(await next.stop(), 0);
  }
}

const CHANGES = [
  ['deleted', (client: Credentials) => portal(near).delete(client.client_id)],
  ['rotated', (client: Credentials) => portal(near).rotate(client.client_id)],
] as const;

for (const [name, change] of CHANGES) {
  test(`S-MGT-18, R-03: a client that was ${name} at one node is refused there at once, at the other soon`, async () => {
    // Without a fault it is a matter of milliseconds.
    await inTime(1000, async (begin) => {
      const client = await warmAtBoth();
      assert.ok((await change(client)).status < 300);
      assert.equal((await fetchToken(near, client)).status, 401, 'the node that answered');
      begin();
      await refusedSoon(far, client);
    });
  });

  test(`F-05: what is ${name} while only the line of changes is cut is refused at the other node within the bound`, async () => {
    const client = await warmAtBoth();
    let cutting = true;
    const cuts = (async () => {
      for (; cutting; await sleep(20)) await cutChanges();
    })();
    await sleep(100);
    assert.ok((await change(client)).status < 300);
    await refusedSoon(far, client);
    cutting = false;
    await cuts;
    // And it is not refused for ever: what is in order goes on from memory.
    const other = await warmAtBoth();
    assert.equal((await fetchToken(far, other)).status, 200);
  });
}

/** Ends the connections over which both nodes hear of changes, and no other. */
async function cutChanges(): Promise<void> {
  const list = await redis.command('CLIENT', 'LIST');
  for (const [, id = ''] of list.matchAll(/id=(\d+) [^\n]*name=dcr-bridge-changes/g)) {
    await redis.command('CLIENT', 'KILL', 'ID', id);
  }
}

test('F-04: a line that has become slow costs a client in memory nothing, and its changes come late, not never', async () => {
  const client = await warmAtBoth();
  const gone = await warmAtBoth();
  line.delayReplies(200);
  try {
    await below(150, async () => {
      const took: number[] = [];
      for (let time = 0; time < 100; time += 1) {
        const began = performance.now();
        assert.equal((await fetchToken(far, client)).status, 200);
        took.push(performance.now() - began);
      }
      return { measured: percentile(took, 0.9) };
    });
    assert.equal((await portal(near).delete(gone.client_id)).status, 204);
    await refusedSoon(far, gone);
  } finally {
    line.delayReplies(0);
  }
});

test('R-02, R-03: cut off from the store a node goes on with what it has, and knows better when it is back', async () => {
  const [kept, gone] = [await warmAtBoth(), await warmAtBoth()];
  line.swallowReplies();
  line.cut();
  try {
    assert.equal((await portal(near).delete(gone.client_id)).status, 204);
    for (const end = performance.now() + 3000; performance.now() < end; await sleep(50)) {
      assert.equal((await fetchToken(far, kept)).status, 200);
    }
    assert.equal((await fetchToken(far, gone)).status, 200, 'it can not know, and says so in a metric');
    const { text } = await send(`${far.opsUrl}/metrics`);
    assert.match(text, /^dcr_bridge_client_cache_oldest_age_seconds [2-9]/m);
  } finally {
    line.pass();
    line.cut();
  }
  await refusedSoon(far, gone);
  assert.equal((await fetchToken(far, kept)).status, 200);
});
