/**
 * The cases of resource limits, each by its id, against a running service on Redis. What a flood costs is told by what
 * Redis counts, by CPU time, and by comparing what runs at the same time: a busy machine changes none of them.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newClientId } from '../../src/clients/client-id.ts';
import { openRedisStore } from '../../src/stores/redis/redis-store.ts';
import { fillStore } from '../bench/fill-store.ts';
import { exchange, open, runLoad } from '../bench/load.ts';
import { cpuSeconds } from '../bench/process-usage.ts';
import { percentile } from '../bench/statistics.ts';
import {
  assertionOf,
  epoch,
  MEMORY_BEGINS_MS,
  newClientKey,
  tokenByAssertion,
} from '../support/assertion.ts';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { API, DOMAIN } from '../support/domain.ts';
import { measuredAgain } from '../support/in-time.ts';
import { introspect, revoke } from '../support/inspection.ts';
import { rawRequest } from '../support/raw-http.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { assertRefusal } from '../support/refusal.ts';
import { API_KEY, newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';

const KEK = newKeyEncryptionKey();

let redis: RedisServer;
let service: TestService;
let startedAtMs: number;
before(async () => {
  redis = await startRedis();
  service = await startService({
    config: DOMAIN,
    env: { STORE_URL: redis.url, KEY_ENCRYPTION_KEY: KEK },
  });
  startedAtMs = performance.now();
});
after(async () => {
  const code = await service?.stop();
  await redis?.stop();
  assert.equal(code, 0);
});

const registered = async (): Promise<Credentials> => (await portal(service).create({ scope: 'read' })).body;

const tokenRequest = ({ client_id, client_secret }: Credentials) =>
  rawRequest(
    'POST /oauth2/token',
    [
      'Host: 127.0.0.1',
      'Content-Type: application/x-www-form-urlencoded',
      `Authorization: Basic ${btoa(`${client_id}:${client_secret}`)}`,
    ],
    'grant_type=client_credentials',
  );

/** But for the uses of secrets, written some seconds after the token that they are of, and what ends by itself soon. */
async function keysOfClients(): Promise<readonly string[]> {
  const names = (await redis.command('KEYS', '*')).match(/\{dcr\}:\S+/g) ?? [];
  return names.filter((name) => !/:(?:secret-uses|calls|lease):/.test(name)).sort();
}

/** How often Redis ran each command meanwhile, those inside scripts too. */
async function commandsOf(act: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  await redis.command('CONFIG', 'RESETSTAT');
  await act();
  const stats = await redis.command('INFO', 'commandstats');
  const found = stats.matchAll(/^cmdstat_([a-z_|-]+):calls=(\d+)/gm);
  return new Map([...found].map(([, name = '', count]) => [name, Number(count)]));
}

const load = (requests: number, connections: number, status: number, request: Buffer | (() => Buffer)) =>
  runLoad({ port: service.publicPort, requests, connections, status, request });

test('S-DOS-01: a client that floods waits in the row that it makes, and nobody else is refused or starved', async () => {
  const [flooding, other] = [await registered(), await registered()];
  // The first are compiled meanwhile.
  await load(600, 8, 200, tokenRequest(flooding));
  let isOver = false;
  const flood = load(3000, 48, 200, tokenRequest(flooding)).finally(() => {
    isOver = true;
  });
  const othersMs: number[] = [];
  const patient = Array.from({ length: 4 }, async () => {
    const socket = await open(service.publicPort);
    while (!isOver) {
      const began = performance.now();
      await exchange(socket, tokenRequest(other), 200);
      othersMs.push(performance.now() - began);
    }
    socket.destroy();
  });
  const floodMs = await flood;
  await Promise.all(patient);
  assert.ok(othersMs.length >= 50, `${othersMs.length} answers beside the flood`);
  const [others, itsOwn] = [percentile(othersMs, 0.9), percentile(floodMs, 0.9)];
  // First come, first served: who sends one request at a time waits no longer than each of the flood's.
  assert.ok(others <= 2 * itsOwn, `others' p90 ${others.toFixed(1)} ms, the flood's ${itsOwn.toFixed(1)} ms`);
});

test('S-DOS-01: where the policy says so, a client gets so many tokens a minute, and the others theirs', async () => {
  const limited = await startService({
    config: { ...DOMAIN, portals: { '*': { ...DOMAIN.portals['*'], tokens_per_minute: 20 } } },
  });
  try {
    const key = await newClientKey();
    const method = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } };
    const own = portal(limited);
    const [flooding, other] = [(await own.create({ scope: 'read' })).body, (await own.create({})).body];
    const byKey = { client_id: (await own.create(method)).body.client_id, issuer: limited.issuer };
    const bySecret = () => fetchToken(limited, flooding);
    const byAssertion = async () => tokenByAssertion(limited, await assertionOf(key, byKey));
    const refused = {
      status: 429,
      error: 'too_many_requests',
      says: /use each until it expires/,
      headers: { 'retry-after': /^[1-6]?\d$/, pragma: 'no-cache' },
    };
    for (const ask of [bySecret, byAssertion]) {
      for (let time = 0; time < 20; time += 1) assert.equal((await ask()).status, 200);
    }
    await refuses(limited, refused, bySecret);
    // The assertion is used up: it was looked at.
    assertRefusal(await byAssertion(), refused);
    // Not what was asked for wrongly, and no stranger.
    for (let time = 0; time < 25; time += 1) {
      assert.equal((await fetchToken(limited, other, { scope: 'nothing' })).status, 400);
      assert.equal((await fetchToken(limited, { ...other, client_secret: 'x' })).status, 401);
    }
    assert.equal((await fetchToken(limited, { ...flooding, client_secret: 'x' })).status, 401);
    assert.equal((await fetchToken(limited, other)).status, 200);
  } finally {
    await limited.stop();
  }
});

test('S-DOS-02: a guess of an id asks Redis once, what can be no id never, and nothing is remembered', async () => {
  const guesses = 400;
  const guessed = (idOf: () => string) =>
    commandsOf(() => load(guesses, 8, 401, () => tokenRequest({ client_id: idOf(), client_secret: 'x' })));
  const keysBefore = await keysOfClients();
  const used = () => ({ node: cpuSeconds(service.pid), redis: cpuSeconds(redis.pid) });
  const before = used();
  const reads = (await guessed(() => newClientId(randomBytes))).get('mget') ?? 0;
  assert.ok(reads <= guesses, `${reads} reads`);
  assert.ok(reads > guesses / 2, 'it is what is counted');
  const after = used();
  // Where guesses come faster than they are answered, it is here, and not at the store of all the nodes.
  const [ofNode, ofRedis] = [after.node - before.node, after.redis - before.redis];
  assert.ok(ofRedis < ofNode / 3, `${ofRedis} s of Redis's CPU for ${ofNode} s of ours`);
  const others = await startGuessing(guesses);
  assert.ok(others <= guesses / 20, `${others} commands for what can be no id`);
  assert.deepEqual(await keysOfClients(), keysBefore);
  const { text } = await send(`${service.opsUrl}/metrics`);
  const [, cached = ''] = /^dcr_bridge_client_cache_clients (\d+)/m.exec(text) ?? [];
  assert.ok(Number(cached) < 50, `${cached} clients in memory`);
});

/** Ids that can be none, of another service so that nobody's failures are over their limit. */
async function startGuessing(guesses: number): Promise<number> {
  const apart = await startService({
    env: { STORE_URL: redis.url, KEY_ENCRYPTION_KEY: KEK, ISSUER: service.issuer },
  });
  try {
    let count = 0;
    const request = () => {
      count += 1;
      return tokenRequest({ client_id: `cl_${'x'.repeat(count)}`, client_secret: 'x' });
    };
    const commands = await commandsOf(() =>
      runLoad({ port: apart.publicPort, requests: guesses, connections: 8, status: 401, request }),
    );
    return commands.get('mget') ?? 0;
  } finally {
    await apart.stop();
  }
}

/** CPU seconds of tokens, of refusals of a known client and of refusals of an unknown one, of a service of their own. */
async function costs(): Promise<{
  readonly right: number;
  readonly wrong: number;
  readonly unknown: number;
}> {
  const client = await registered();
  const apart = await startService({
    env: { STORE_URL: redis.url, KEY_ENCRYPTION_KEY: KEK, ISSUER: service.issuer },
  });
  try {
    /** Of as many as stay below the limit of failures; the first of each kind are compiled. */
    const cost = async (status: number, credentials: Credentials) => {
      const ask = (requests: number) => {
        const request = tokenRequest(credentials);
        return runLoad({ port: apart.publicPort, requests, connections: 4, status, request });
      };
      await ask(90);
      const before = cpuSeconds(apart.pid);
      await ask(180);
      return cpuSeconds(apart.pid) - before;
    };
    return {
      right: await cost(200, client),
      wrong: await cost(401, { ...client, client_secret: `dcrs_${'x'.repeat(43)}` }),
      unknown: await cost(401, { ...client, client_id: newClientId(randomBytes) }),
    };
  } finally {
    await apart.stop();
  }
}

test('S-DOS-03: a wrong secret costs the service no more than a right one', async () => {
  // What else the process did meanwhile is in it too; what costs more does so every time.
  await measuredAgain(costs, ({ right, wrong, unknown }) =>
    Math.max(wrong, unknown) <= 1.5 * right
      ? undefined
      : `${wrong} and ${unknown} s of CPU for refusals, ${right} s for tokens`,
  );
});

test('S-DOS-04: what is kept of assertions ends with them, however long they say that they live', async () => {
  await sleep(Math.max(0, startedAtMs + MEMORY_BEGINS_MS - performance.now()));
  const key = await newClientKey();
  const method = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } };
  const { body } = await portal(service).create({ scope: 'read', ...method });
  const client = { client_id: String(body.client_id), issuer: service.issuer };
  const keys = async () => (await redis.command('KEYS', '*:replay:*')).match(/\{dcr\}:replay:\S+/g) ?? [];
  const ask = async (lifeSeconds: number, jti?: string) => {
    const claims = { exp: epoch() + lifeSeconds, ...(jti === undefined ? {} : { jti }) };
    return (await tokenByAssertion(service, await assertionOf(key, client, claims))).status;
  };
  for (const lifeSeconds of [60, 300]) assert.equal(await ask(lifeSeconds), 200);
  assert.equal(await ask(300, 'j'.repeat(255)), 200);
  const kept = await keys();
  assert.equal(kept.length, 3);
  for (const lifeSeconds of [3600, 10 * 365 * 86_400]) assert.equal(await ask(lifeSeconds), 401);
  assert.equal(await ask(300, 'j'.repeat(10_000)), 401);
  assert.deepEqual((await keys()).sort(), kept.sort(), 'nothing is kept of what was refused');
  for (const name of kept) {
    const [ttl, bytes] = [await redis.command('TTL', name), await redis.command('MEMORY', 'USAGE', name)];
    // Five minutes, and what two clocks may differ by.
    assert.ok(Number(ttl.slice(1)) > 0 && Number(ttl.slice(1)) <= 300 + 30 + 60, ttl);
    assert.ok(Number(bytes.slice(1)) <= 256, `${bytes} bytes, whatever the jti's length`);
  }
});

/** A day of a portal and its client. */
async function story(): Promise<void> {
  const own = portal(service);
  const { body } = await own.create({ scope: 'read', labels: { team: 'a' } });
  const list = (query: string) =>
    send(`${service.managementUrl}/bridge/local/clients${query}`, { headers: { 'x-api-key': API_KEY } });
  const first = await list('?limit=5');
  assert.equal(first.status, 200);
  if (first.body.next_cursor) await list(`?limit=5&cursor=${first.body.next_cursor}`);
  await list('?limit=5&label.team=a');
  const token = await fetchToken(service, body);
  assert.equal(token.status, 200, token.text);
  assert.equal((await introspect(service, body, token.body.access_token)).status, 200);
  assert.equal((await revoke(service, body, token.body.access_token)).status, 200);
  await own.update(body.client_id, { client_name: 'another' });
  await own.rotate(body.client_id);
  await own.read(body.client_id);
  assert.equal((await own.delete(body.client_id)).status, 204);
  await send(`${service.opsUrl}/metrics`);
}

/** They answer with, or walk over, all that there is. */
const OF_EVERYTHING =
  /^(?:keys|smembers|sinter|sunion|sdiff|scan|sscan|hscan|zscan|hvals|lrange|zrange$|zrevrange$|sort|flush)/;
/** A hash as a whole: each of these is bounded, or as long as the operator made it. */
const WHOLE_HASHES = [
  // At most five secrets.
  'secretUses',
  // Of the operator's own making; for the command line and the metrics.
  'portals',
  // Three fields.
  'initialAccessToken',
  // MAX_READERS.
  'jwksReaders',
];

test('S-DOS-09: what Redis is asked for does not grow with the clients, and is never all of them', async () => {
  await story();
  const few = await commandsOf(story);
  const store = await openRedisStore({ url: redis.url, commandTimeoutMs: 5000 });
  try {
    await fillStore(store.clients, { keyEncryptionKey: KEK, resources: [API], labels: { team: 'a' } }, 3000);
  } finally {
    // Open, it would look for its Redis for ever, and this process with it.
    await store.close();
  }
  await measuredAgain(
    () => commandsOf(story),
    (many) => {
      assert.ok((many.get('mget') ?? 0) > 0 && (many.get('zrangebylex') ?? 0) > 0, 'it is what is counted');
      for (const name of many.keys()) assert.doesNotMatch(name, OF_EVERYTHING);
      // What is done by the clock, and a page that is full now. By the clock more is done in a story that a machine
      // held up; what grows with the clients does so every time.
      const more = [...many].filter(([name, count]) => count > (few.get(name) ?? 0) + 12);
      if (more.length === 0) return undefined;
      return `${more.map(([name, count]) => `${name}: ${few.get(name)} before, ${count}`)}`;
    },
  );
});

test('S-DOS-09: no source asks for a whole collection that grows', () => {
  const sources = globSync('*.ts', { cwd: resolve(import.meta.dirname, '../../src/stores/redis') });
  const text = sources
    .map((name) => readFileSync(resolve(import.meta.dirname, '../../src/stores/redis', name), 'utf8'))
    .join('\n');
  const called = [...text.matchAll(/redis\.p?call\('([A-Z]+)'|connection\.([a-z]+)\(/g)];
  const commands = new Set(
    called.map(([, inScript = '', outside = '']) => (inScript + outside).toLowerCase()),
  );
  assert.ok(commands.has('zadd') && commands.has('mget'));
  for (const command of commands) assert.doesNotMatch(command, OF_EVERYTHING);
  // A range has its bound beside it.
  const ranges = text.split('\n').filter((line) => /call\('Z(?:REV)?RANGEBY/.test(line));
  assert.ok(ranges.length > 0);
  for (const range of ranges) assert.match(range, /'LIMIT'/);
  const whole = [...text.matchAll(/\.fields\(\s*'[^']+',\s*keys\.(\w+)/g)].map(([, key = '']) => key);
  assert.deepEqual(whole.sort(), WHOLE_HASHES.sort());
});
