/** Redis that is away, hangs or comes back, as the store's callers see it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../../../src/lib/store-unavailable.ts';
import type { Store } from '../../../src/stores/store.ts';
import { endWithProcess } from '../../support/end-with-process.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { startRedisCluster } from '../../support/redis-cluster.ts';
import { startRunningTime } from '../../support/running-time.ts';
import { walk } from '../contract/walk.ts';
import { aRedis, aRedisStore, aTcpProxy } from '../ending.ts';
import {
  aClaim,
  aClient,
  anIntent,
  aPortal,
  aPortalName,
  aToken,
  aTombstone,
  aUse,
  FREELY,
  NOW,
  next,
} from '../records.ts';
import { unavailable } from '../unavailable.ts';

/** The caller's second has to hold HTTP too. */
const REFUSAL_BOUND_MS = 800;
const RECOVERY_BOUND_MS = 5000;

const CALLS: readonly (readonly [name: string, call: (store: Store) => Promise<unknown>])[] = [
  ['clients.read', ({ clients }) => clients.read(aClient().client_id)],
  ['clients.create', ({ clients }) => clients.create(aClient(), FREELY)],
  ['intents.begin', ({ intents }) => intents.begin(anIntent(), FREELY)],
  ['intents.advance', ({ intents }) => intents.advance(anIntent())],
  ['intents.finish', ({ intents }) => intents.finish(anIntent())],
  ['intents.read', ({ intents }) => intents.read('op_1')],
  ['intents.readOfClient', ({ intents }) => intents.readOfClient(aClient().client_id)],
  ['intents.list', ({ intents }) => intents.list('unknown', undefined, 10)],
  ['intents.due', ({ intents }) => intents.due(NOW, 10)],
  ['intents.counts', ({ intents }) => intents.counts()],
  ['leases.hold', ({ leases }) => leases.hold('recovery', 'node-1', 60)],
  ['leases.release', ({ leases }) => leases.release('recovery', 'node-1')],
  ['clients.replace', ({ clients }) => clients.replace(next(aClient()), 1)],
  ['clients.delete', ({ clients }) => clients.delete(aClient().client_id, aTombstone(aClient()))],
  ['clients.readTombstone', ({ clients }) => clients.readTombstone(aClient().client_id, NOW)],
  ['clients.list', ({ clients }) => walk(clients, aPortalName())],
  ['clients.list by label', ({ clients }) => walk(clients, aPortalName(), { labels: [['a', 'b']] })],
  ['clients.count', ({ clients }) => clients.count(aPortalName())],
  ['clients.readAnswer', ({ clients }) => clients.readAnswer('answer')],
  ['secretUsage.readUses', ({ secretUsage }) => secretUsage.readUses(aClient().client_id)],
  ['secretUsage.addUses', ({ secretUsage }) => secretUsage.addUses([aUse(aClient().client_id)])],
  ['replays.claim', ({ replays }) => replays.claim(aClaim())],
  ['portals.addInitialAccessToken', ({ portals }) => portals.addInitialAccessToken(aToken())],
  ['portals.readInitialAccessToken', ({ portals }) => portals.readInitialAccessToken('hash', NOW)],
  ['portals.findByKeyHash', ({ portals }) => portals.findByKeyHash('hash')],
  ['portals.read', ({ portals }) => portals.read(aPortal('acme').name)],
  ['portals.list', ({ portals }) => portals.list()],
  ['portals.create', ({ portals }) => portals.create(aPortal('acme'))],
  ['portals.replace', ({ portals }) => portals.replace({ ...aPortal('acme'), version: 2 }, 1)],
  ['rings.readRing', ({ rings }) => rings.readRing()],
  ['rings.writeRing', ({ rings }) => rings.writeRing({ version: 1, document: '' }, 0)],
  ['rings.isUnused', ({ rings }) => rings.isUnused()],
  ['ping', (store) => store.ping()],
  ['durability', (store) => store.durability()],
];

/** All calls at once, as under load; each is refused in time. */
async function refusesEverything(store: Store): Promise<void> {
  await Promise.all(
    CALLS.map(async ([name, call]) => {
      const ranMs = startRunningTime();
      await assert.rejects(call(store), StoreUnavailable, name);
      const tookMs = ranMs();
      assert.ok(tookMs <= REFUSAL_BOUND_MS, `${name} was refused after ${tookMs} ms`);
    }),
  );
}

async function heals(store: Store): Promise<void> {
  await eventually(() => store.ping(), RECOVERY_BOUND_MS);
  assert.equal(await store.clients.create(aClient(), FREELY), 'created');
}

const SERVERS: readonly (readonly [name: string, start: () => Promise<RedisServer>])[] = [
  ['redis', () => startRedis()],
  ['redis cluster', () => startRedisCluster()],
];

for (const [name, start] of SERVERS) {
  describe(name, () => {
    test('F-01 Redis stops: every call is refused within 1 s, and works within 5 s of its return', async (t) => {
      const redis = await aRedis(t, undefined, start);
      const store = await aRedisStore(t, { url: redis.url });
      await store.ping();
      await redis.kill();
      await refusesEverything(store);
      await sleep(500);
      await refusesEverything(store);
      await redis.restart();
      await heals(store);
    });

    test('F-03 Redis hangs: every call is refused within 1 s, and nothing of it happens later', async (t) => {
      const redis = await aRedis(t, undefined, start);
      const store = await aRedisStore(t, { url: redis.url });
      const kept = aClient();
      await store.clients.create(kept, FREELY);

      redis.pause();
      const ghost = aClient();
      await Promise.all([
        assert.rejects(store.clients.create(ghost, FREELY), unavailable('unknown')),
        assert.rejects(store.clients.replace(next(kept), 1), unavailable('unknown')),
        assert.rejects(store.clients.delete(kept.client_id, aTombstone(kept)), unavailable('unknown')),
        refusesEverything(store),
      ]);
      // The hang has been noticed by now and the connection cut: no call waits any more.
      await sleep(600);
      const ranMs = startRunningTime();
      await assert.rejects(store.clients.create(ghost, FREELY), StoreUnavailable);
      assert.ok(ranMs() < 100);

      redis.resume();
      await heals(store);
      assert.equal(await store.clients.read(ghost.client_id), undefined);
      assert.deepEqual(await store.clients.read(kept.client_id), kept);
      assert.deepEqual(await store.portals.list(), []);
      assert.equal(await store.rings.readRing(), undefined);
    });
  });
}

/** A create that meets a hang. */
async function leavesNoGhost(redis: RedisServer, store: Store): Promise<void> {
  redis.pause();
  const ghost = aClient();
  await assert.rejects(store.clients.create(ghost, FREELY), unavailable('unknown'));
  redis.resume();
  await heals(store);
  assert.equal(await store.clients.read(ghost.client_id), undefined);
}

test('R-04: what was told as unknown does not happen later, though Redis was slow to tell its time before', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  // The only word of Redis's time that there is: it comes after a hang, as do the answers of a slow disk.
  redis.pause();
  const slow = store.clients.create(aClient(), FREELY);
  await sleep(300);
  redis.resume();
  await slow.catch(() => {});
  await leavesNoGhost(redis, store);
});

for (const [name, behindMs, commitsThen] of [
  ['was last heard an hour ago, in which its clock was slower than ours', 3_600_000, 0],
  ['had its clock set back, and one commit ago told its time', 30_000, 1],
] as const) {
  test(`R-04: what was told as unknown does not happen later, though Redis ${name}`, async (t) => {
    const redis = await aRedis(t);
    const store = await aRedisStore(t, { url: redis.url });
    const commit = async () => assert.equal(await store.clients.create(aClient(), FREELY), 'created');
    await commit();
    const { now } = performance;
    t.after(() => {
      performance.now = now;
    });
    performance.now = () => now.call(performance) + behindMs;
    for (let count = 0; count < commitsThen; count += 1) await commit();
    await leavesNoGhost(redis, store);
  });
}

test('F-02 the store opens without Redis, refuses within 1 s, and works within 5 s of its coming', async (t) => {
  const port = await freePort();
  const lines: string[] = [];
  const log = {
    info: (_: object, message: string) => void lines.push(message),
    warn: (_: object, message: string) => void lines.push(message),
  };
  const ranMs = startRunningTime();
  const store = await aRedisStore(t, { url: `redis://127.0.0.1:${port}`, log });
  assert.ok(ranMs() <= REFUSAL_BOUND_MS);
  await refusesEverything(store);
  // Long enough for the pauses between two attempts to have grown to their longest.
  await sleep(2500);

  await aRedis(t, { port });
  await heals(store);
  assert.deepEqual(
    [...new Set(lines)],
    ['store unavailable: Redis connection lost', 'Redis connection is back'],
  );
  assert.equal(lines.length, 4, 'one line per connection and change, however many attempts');
});

test('a Redis that takes connections and says nothing keeps neither opening nor calls waiting', async (t) => {
  const redis = await aRedis(t);
  const proxy = await aTcpProxy(t, redis.port);
  proxy.swallowReplies();
  const ranMs = startRunningTime();
  const store = await aRedisStore(t, { url: `redis://127.0.0.1:${proxy.port}` });
  assert.ok(ranMs() < 1500);
  await refusesEverything(store);
  proxy.pass();
  await heals(store);
});

test('a process that closes its store ends, also in the middle of a look at the slots of a cluster', async (t) => {
  const redis = await aRedis(t, undefined, startRedisCluster);
  const program = `
    import { openRedisStore } from ${JSON.stringify(import.meta.resolve('../../../src/stores/redis/redis-store.ts'))};
    const store = await openRedisStore({ url: ${JSON.stringify(redis.url)} });
    await store.ping();
    console.log('open');
    // It looks every two seconds.
    setTimeout(() => store.close(), 2300);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithProcess(child);
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(15_000) });
  await once(child.stdout, 'data');
  redis.pause();
  try {
    assert.deepEqual(await ended, [0, null]);
  } finally {
    child.kill('SIGKILL');
    redis.resume();
  }
});

test('a clock of Redis that is set costs no commit', async (t) => {
  const redis = await aRedis(t);
  const store = await aRedisStore(t, { url: redis.url });
  await store.ping();
  // What a step of Redis's clock looks like from here: our own clock has jumped the other way.
  const { now } = performance;
  try {
    for (const jumpMs of [-30_000, 30_000, -3_600_000, 3_600_000]) {
      performance.now = () => now.call(performance) + jumpMs;
      assert.equal(await store.clients.create(aClient(), FREELY), 'created');
      assert.equal(await store.clients.create(aClient(), FREELY), 'created');
    }
  } finally {
    performance.now = now;
  }
});
