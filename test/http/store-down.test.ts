/** The store goes away, hangs, comes back: what is refused and how soon, what goes on, and that it heals. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { TRUST_MS } from '../../src/clients/client-cache.ts';
import { newClientId } from '../../src/clients/client-id.ts';
import { percentile } from '../bench/statistics.ts';
import { type Answer, type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { below, inTime } from '../support/in-time.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { assertLogged, assertRefusal } from '../support/refusal.ts';
import { API_KEY, refusesToStart, startService, type TestService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';

/** */
const REFUSED_WITHIN_MS = 1000;
/** F-01. */
const HEALED_WITHIN_MS = 5000;

const UNAVAILABLE = { status: 503, error: 'temporarily_unavailable' };

/** Everything that needs the store. */
function roads(service: TestService, { client_id, client_secret }: Credentials) {
  const bridge = portal(service);
  const unknown = { client_id: newClientId(randomBytes), client_secret };
  return {
    create: () => bridge.create(),
    read: () => bridge.read(client_id),
    'read of an unknown id': () => bridge.read(unknown.client_id),
    update: () => bridge.update(client_id, { client_name: 'while away' }),
    rotate: () => bridge.rotate(client_id),
    delete: () => bridge.delete(client_id),
    'an unknown key': () => portal(service, { key: 'dcrk_unknown' }).read(client_id),
    token: () => fetchToken(service, { client_id, client_secret }),
    'token with a wrong secret': () => fetchToken(service, { client_id, client_secret: 'wrong' }),
    'token for an unknown client': () => fetchToken(service, unknown),
  } satisfies Record<string, () => Promise<Answer>>;
}

/** One act is refused, within a second. */
function refusedSoon(act: () => Promise<Answer>): Promise<Answer> {
  return inTime(REFUSED_WITHIN_MS, async () => {
    const answer = await act();
    assertRefusal(answer, UNAVAILABLE);
    return answer;
  });
}

/** R-04, L-11, L-13: all of it is 503, soon, one after the other and all at once. */
async function assertAllRefused(service: TestService, client: Credentials): Promise<void> {
  const run = async ([name, act]: [string, () => Promise<Answer>]) => {
    const answer = await refusedSoon(act);
    assert.equal(answer.headers.get('pragma'), name.startsWith('token') ? 'no-cache' : null, name);
    return answer;
  };
  const acts = Object.entries(roads(service, client));
  for (const act of acts) await run(act);
  const answers = await Promise.all([...acts, ...acts, ...acts].map(run));
  await assertLogged(service, answers[0] as Answer);
}

/** what answers from memory. */
async function assertServedFromMemory(service: TestService, known: readonly Answer[]): Promise<void> {
  for (const [index, path] of PUBLISHED.entries()) {
    const answer = await send(service.publicUrl + path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.text, known[index]?.text);
    assert.equal(answer.headers.get('etag'), known[index]?.headers.get('etag'), 'S-META-05');
  }
  assert.equal((await send(`${service.opsUrl}/livez`)).status, 200);
  const readiness = await send(`${service.opsUrl}/readyz`);
  assert.equal(readiness.status, 503);
  assert.equal(readiness.body.status, 'degraded');
  assert.equal(readiness.body.store.up, false);
  assert.equal((await send(`${service.opsUrl}/metrics`)).status, 200);
}

const PUBLISHED = [
  '/.well-known/jwks.json',
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
];
const published = (service: TestService) =>
  Promise.all(PUBLISHED.map((path) => send(service.publicUrl + path)));

async function healed(service: TestService): Promise<void> {
  await eventually(
    async () => assert.equal((await send(`${service.opsUrl}/readyz`)).status, 200),
    HEALED_WITHIN_MS,
  );
}

describe('Redis', () => {
  let redis: RedisServer;
  let service: TestService;
  let client: Credentials;
  let known: readonly Answer[];
  const env = () => ({ STORE_URL: redis.url, RING_REFRESH_MS: '100' });
  const directory = tempDir('store-down');
  before(async () => {
    redis = await startRedis();
    service = await startService({ directory, env: env() });
    client = (await portal(service).create({ client_name: 'before' })).body;
    known = await published(service);
  });
  after(async () => {
    assert.equal(await service.stop(), 0);
    await redis.stop();
  });

  async function assertNothingWasDone({ client_id, client_secret }: Credentials = client): Promise<void> {
    const { status, body } = await portal(service).read(client_id);
    assert.deepEqual([status, body.client_name], [200, 'before']);
    const answer = await fetchToken(service, { client_id, client_secret });
    assert.equal(answer.status, 200, 'the secret was not rotated');
  }

  const registered = async (): Promise<Credentials> =>
    (await portal(service).create({ client_name: 'before' })).body;

  /** a client that has been asked for a token goes on, beyond the trust without word too. */
  async function assertWarmGoesOn(warm: Credentials): Promise<void> {
    // Nothing waits for the store.
    await below(200, async () => ({ measured: await warmTookMs(warm) }));
    const { text } = await send(`${service.opsUrl}/metrics`);
    const [, age] = /^dcr_bridge_client_cache_oldest_age_seconds (\S+)$/m.exec(text) ?? [];
    assert.ok(Number(age) > TRUST_MS / 1000, `R-03: how old it is can be seen: ${age}`);
  }

  /** Nine of ten were as fast, or faster. */
  async function warmTookMs(warm: Credentials): Promise<number> {
    const took: number[] = [];
    for (const end = performance.now() + 2 * TRUST_MS; performance.now() < end; await sleep(50)) {
      const began = performance.now();
      assert.equal((await fetchToken(service, warm)).status, 200);
      const wrong = await fetchToken(service, { ...warm, client_secret: 'wrong' });
      assertRefusal(wrong, { status: 401, error: 'invalid_client' });
      took.push(performance.now() - began);
    }
    return percentile(took, 0.9);
  }

  test('F-01: stopped: refused within a second, keys and metadata go on, healed without a restart', async () => {
    const warm = await registered();
    assert.equal((await fetchToken(service, warm)).status, 200);
    const size = await written(redis);
    await redis.kill();
    await assertAllRefused(service, client);
    await assertServedFromMemory(service, known);
    await assertWarmGoesOn(warm);
    await redis.restart();
    await healed(service);
    await assertNothingWasDone();
    assert.deepEqual(await written(redis), size);
    assert.equal((await portal(service).create()).status, 201);
  });

  test('F-03: hanging: refused within a second, and nothing of it happens when it goes on', async () => {
    const [cold, warm] = [await registered(), await registered()];
    assert.equal((await fetchToken(service, warm)).status, 200);
    const size = await written(redis);
    redis.pause();
    try {
      await assertAllRefused(service, cold);
      await assertServedFromMemory(service, known);
      await assertWarmGoesOn(warm);
    } finally {
      redis.resume();
    }
    await healed(service);
    await assertNothingWasDone(cold);
    assert.deepEqual(await written(redis), size, 'R-04: no ghost of a create');
  });

  test('F-24: an emptied store is no store: warm clients go on, nobody is called unknown, nothing is changed', async () => {
    const [cold, warm] = [await registered(), await registered()];
    assert.equal((await fetchToken(service, warm)).status, 200);
    const kept = await copyOf(redis);
    await redis.command('FLUSHALL');
    await assertAllRefused(service, cold);
    await assertServedFromMemory(service, known);
    await assertWarmGoesOn(warm);
    assert.deepEqual(
      (await stored(redis)).filter((key) => !key.endsWith(':ring')),
      [],
      'nothing begins anew but the copy of the keys',
    );
    assert.match(service.output.join('\n'), /Redis was emptied or replaced/);
    await restore(redis, kept);
    await healed(service);
    await assertNothingWasDone(cold);
  });

  test('S-LOG-02: no secret and no command of the store is in the log', async () => {
    const log = service.output.join('\n');
    assert.match(log, /store unavailable/);
    for (const secret of [client.client_secret, API_KEY, 'dcrk_unknown', 'evalsha', 'EVALSHA', '"args"']) {
      assert.ok(!log.includes(secret), secret);
    }
  });

  test('F-02, R-15: a node starts without its store, and does what it owed when the store comes', async () => {
    assert.equal(await service.stop(), 0);
    await redis.kill();
    const key = 'dcrk_late0123456789late0123456789late01234567';
    service = await startService({
      directory,
      publicPort: service.publicPort,
      env: { ...env(), BOOTSTRAP_PORTAL: `late:${key}` },
    });
    await assertAllRefused(service, client);
    await assertServedFromMemory(service, known);
    await redis.restart();
    await healed(service);
    await eventually(async () => {
      assert.equal((await portal(service, { key }).create()).status, 201, 'the portal of the configuration');
    }, HEALED_WITHIN_MS);
    await assertNothingWasDone();
    await eventually(async () => {
      assert.equal((await send(`${service.opsUrl}/readyz`)).body.key_ring.source, 'store');
    }, HEALED_WITHIN_MS);
  });

  test('a node that has neither its store nor a copy of the keys does not start, and says what to do', async () => {
    const closed = { STORE_URL: 'redis://127.0.0.1:1' };
    const { code, output } = await refusesToStart({ env: closed });
    assert.equal(code, 1, output);
    assert.match(output, /store can't be reached and .*ring\.json does not exist/);
    assert.match(output, /Bring the store up, or copy ring\.json/);
  });
});

describe('SQLite', () => {
  test('a file that another process has locked: mutations are refused within a second, the rest goes on', async () => {
    const service = await startService();
    const client: Credentials = (await portal(service).create({ client_name: 'before' })).body;
    const other = new DatabaseSync(join(service.directory, 'store.db'));
    other.exec('BEGIN IMMEDIATE');
    const { create, update, rotate, delete: remove, read, token } = roads(service, client);
    for (const mutation of [create, update, rotate, remove]) await refusedSoon(mutation);
    assert.equal((await read()).body.client_name, 'before');
    assert.equal((await token()).status, 200);
    assert.equal(
      other.prepare('SELECT count(*) AS clients FROM clients').get()?.clients,
      1,
      'nothing was written',
    );
    other.exec('ROLLBACK');
    other.close();
    assert.equal((await create()).status, 201);
    assert.equal(await service.stop(), 0);
  });
});

/** What is stored, without the counts of calls, which come and go. */
async function stored(redis: RedisServer): Promise<readonly string[]> {
  const reply = await redis.command('KEYS', '*');
  return reply
    .split('\r\n')
    .filter((line) => /^[^*$]/.test(line) && !line.includes('}:calls:'))
    .sort();
}

/** Without the uses of secrets and who fetched the JWKS, too: they are written some seconds after the request. */
async function written(redis: RedisServer): Promise<readonly string[]> {
  return (await stored(redis)).filter((key) => !/:(?:secret-uses:|jwks-readers$)/.test(key));
}

/** Every key with its value, as DUMP gives them: a backup, restored by RESTORE. */
async function copyOf(redis: RedisServer): Promise<ReadonlyMap<string, string>> {
  const store = new Redis(redis.url);
  try {
    const keys = (await store.keys('*')).filter((key) => !key.includes(':calls:'));
    const dumps = await Promise.all(keys.map((key) => store.dumpBuffer(key)));
    return new Map(keys.map((key, index) => [key, dumps[index]?.toString('latin1') ?? '']));
  } finally {
    store.disconnect();
  }
}

async function restore(redis: RedisServer, kept: ReadonlyMap<string, string>): Promise<void> {
  const store = new Redis(redis.url);
  try {
    for (const [key, dump] of kept) await store.restore(key, 0, Buffer.from(dump, 'latin1'), 'REPLACE');
  } finally {
    store.disconnect();
  }
}
