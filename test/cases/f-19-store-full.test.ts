/**
 * F-19: Redis has no room, in memory or on its disk. Every change is refused and none is done, no client is
 * evicted, tokens go on; and with room again all goes on by itself.
 */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TRUST_MS } from '../../src/clients/client-cache.ts';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { assertRefusal } from '../support/refusal.ts';
import { API_KEY, startService, type TestService } from '../support/service.ts';
import { mountSmallDisk, NO_MOUNT } from '../support/small-disk.ts';
import { tempDir } from '../support/temp.ts';

/** Redis tries its disk again once a second; a node reconnects within one. */
const GOOD_AGAIN_MS = 10_000;
const UNAVAILABLE = { status: 503, error: 'temporarily_unavailable' };

const dir = tempDir('redis-disk');
const disk = mountSmallDisk(dir, '8m');
after(() => disk?.unmount());

interface Trouble {
  readonly name: string;
  readonly appendfsync: 'always' | 'everysec';
  readonly begin: (redis: RedisServer) => Promise<unknown>;
  readonly mend: (redis: RedisServer) => Promise<unknown>;
  /** A delete makes room, and needs none. */
  readonly deletes: boolean;
  readonly skip?: string | false;
}

const needsDisk = disk === undefined ? NO_MOUNT : false;

const TROUBLES: readonly Trouble[] = [
  {
    name: 'has all the memory that it may have',
    appendfsync: 'always',
    begin: (redis) => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
    mend: (redis) => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
    deletes: true,
  },
  {
    name: 'can not write to its disk and says so (MISCONF)',
    appendfsync: 'everysec',
    begin: (redis) => fillDisk(redis, /MISCONF/),
    mend: async () => disk?.makeRoom(),
    deletes: false,
    skip: needsDisk,
  },
  {
    name: 'can not write to its disk and ends, because it promised to (appendfsync always)',
    appendfsync: 'always',
    begin: (redis) => fillDisk(redis, /ECONN|closed/),
    mend: async (redis) => {
      disk?.makeRoom();
      await redis.restart();
    },
    deletes: false,
    skip: needsDisk,
  },
];

/** Until Redis has met it, and refuses a write of ours so. */
async function fillDisk(redis: RedisServer, refusal: RegExp): Promise<void> {
  disk?.fill();
  // Without "always" it acknowledges what it then can't write.
  await eventually(() => assert.rejects(redis.command('SET', 'beside', 'x'.repeat(10_000)), refusal), 5000);
}

/** The ids of all clients of the portal. */
async function listed({ managementUrl }: TestService): Promise<readonly string[]> {
  const { status, body } = await send(`${managementUrl}/bridge/local/clients?limit=100`, {
    headers: { 'x-api-key': API_KEY },
  });
  assert.equal(status, 200);
  assert.equal(body.next_cursor ?? undefined, undefined);
  return body.clients.map((client: Credentials) => client.client_id).sort();
}

for (const { name, appendfsync, begin, mend, deletes, skip = false } of TROUBLES) {
  test(`F-19: Redis ${name}: changes are refused and not done, tokens go on, and with room again so does all`, {
    skip,
  }, async (t) => {
    const redis = await startRedis({ appendfsync, dir: mkdtempSync(join(dir, 'redis-')) });
    t.after(() => redis.stop());
    t.after(() => disk?.makeRoom());
    const service = await startService({ env: { STORE_URL: redis.url } });
    t.after(() => service.stop());
    const bridge = portal(service);
    const clients: Credentials[] = [];
    for (let made = 0; made < 5; made += 1) clients.push((await bridge.create()).body);
    const [first, second] = clients as [Credentials, Credentials];
    const getTokens = async (round: string) => {
      for (const client of clients) assert.equal((await fetchToken(service, client)).status, 200, round);
    };
    await getTokens('before');

    await begin(redis);
    const refused = {
      create: () => bridge.create(),
      update: () => bridge.update(first.client_id, { client_name: 'without room' }),
      rotate: () => bridge.rotate(first.client_id),
      ...(deletes ? {} : { delete: () => bridge.delete(first.client_id) }),
    };
    const beganAt = performance.now();
    // Beyond the time for which a client is used without word from the store.
    while (performance.now() - beganAt < TRUST_MS + 1000) {
      for (const act of Object.values(refused)) assertRefusal(await act(), UNAVAILABLE);
      await getTokens('without room');
      await sleep(100);
    }
    for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration']) {
      assert.equal((await send(service.publicUrl + path)).status, 200);
    }
    if (deletes) assert.equal((await bridge.delete(second.client_id)).status, 204);

    await mend(redis);
    // Under one key: of an answer that did not come in time nobody knows whether it was done.
    const once = { 'x-api-key': API_KEY, 'content-type': 'application/json', 'idempotency-key': 'with-room' };
    await eventually(async () => {
      const url = `${service.managementUrl}/bridge/local/clients`;
      const made = await send(url, {
        method: 'POST',
        headers: once,
        body: JSON.stringify({ scope: 'read write' }),
      });
      assert.equal(made.status, 201);
      clients.push(made.body);
    }, GOOD_AGAIN_MS);
    const gone = deletes ? [second] : [];
    const left = clients.filter((client) => !gone.includes(client));
    assert.deepEqual(await listed(service), left.map(({ client_id }) => client_id).sort());
    assert.match(
      await redis.command('GET', '{dcr}:client-count'),
      new RegExp(`^\\$\\d\\r\\n${left.length}\r\n`),
    );
    assert.notEqual((await bridge.read(first.client_id)).body.client_name, 'without room');
    for (const client of left) assert.equal((await fetchToken(service, client)).status, 200);
    await eventually(
      async () => assert.equal((await send(`${service.opsUrl}/readyz`)).status, 200),
      GOOD_AGAIN_MS,
    );
    assert.ok(service.output.length < 1000, 'one line each, not a flood');
    assert.equal(await service.stop(), 0);
  });
}
