/** Two nodes on one Redis: a revocation reaches both, and is never acknowledged when it was not kept. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ClientId } from '../../src/clients/client-id.ts';
import { openStore } from '../../src/stores/open-store.ts';
import { fetchToken } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { type Inspected, introspect, revoke, startInspected } from '../support/inspection.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { assertRefusal } from '../support/refusal.ts';
import { startService, type TestService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';

/** `invalidation_bound` of the contract. */
const KNOWN_EVERYWHERE_WITHIN_MS = 5000;
const UNAVAILABLE = { status: 503, error: 'temporarily_unavailable' };

let redis: RedisServer;
let inspected: Inspected;
let one: TestService;
let other: TestService;
before(async () => {
  redis = await startRedis();
  inspected = await startInspected({ STORE_URL: redis.url });
  one = inspected.service;
  const { publicPort: _, directory: __, ...options } = inspected.options;
  const env = { ...options.env, ISSUER: one.issuer };
  other = await startService({ ...options, env, directory: tempDir('other') });
});
after(async () => {
  await Promise.all([one.stop(), other.stop()]);
  await redis.stop();
});

async function aToken(): Promise<string> {
  return (await fetchToken(one, inspected.client)).body.access_token;
}

const isActive = async (service: TestService, token: string) => {
  const answer = await introspect(service, inspected.api, token);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.active;
};

test('S-REV-06: what was revoked at one node is inactive at the other within 5 s', async () => {
  const token = await aToken();
  assert.equal(await isActive(other, token), true);
  await revoke(one, inspected.client, token);
  assert.equal(await isActive(one, token), false);
  await eventually(async () => assert.equal(await isActive(other, token), false), KNOWN_EVERYWHERE_WITHIN_MS);
});

test('R-12: the tokens of a client that the operator disabled are inactive at every node', async () => {
  const token = await aToken();
  await setState('disabled');
  try {
    for (const node of [one, other]) {
      await eventually(
        async () => assert.equal(await isActive(node, token), false),
        KNOWN_EVERYWHERE_WITHIN_MS,
      );
    }
  } finally {
    await setState('active');
  }
});

/** As the operator does, straight on the store. */
async function setState(state: 'active' | 'disabled'): Promise<void> {
  const store = await openStore(redis.url);
  try {
    const client = await store.clients.read(inspected.client.client_id as ClientId);
    assert.ok(client);
    const next = { ...client, state, version: client.version + 1 };
    assert.equal(await store.clients.replace(next, client.version), 'replaced');
  } finally {
    await store.close();
  }
}

test('S-REV-05: a revocation that Redis does not take is 503, and the token stays good', async () => {
  // The client of the test before is enabled again.
  for (const node of [one, other]) {
    await eventually(
      async () => assert.equal((await fetchToken(node, inspected.client)).status, 200),
      KNOWN_EVERYWHERE_WITHIN_MS,
    );
  }
  const token = await aToken();
  // It still answers questions, so that nothing but the writing fails.
  await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
  assertRefusal(await revoke(one, inspected.client, token), UNAVAILABLE);
  await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
  for (const node of [one, other]) assert.equal(await isActive(node, token), true);
  assert.equal((await revoke(one, inspected.client, token)).status, 200);
  assert.equal(await isActive(one, token), false);
});

test('S-REV-05: a Redis that is gone is 503 for a revocation, and heals by itself', async () => {
  const token = await aToken();
  await redis.kill();
  assertRefusal(await revoke(one, inspected.client, token), UNAVAILABLE);
  await redis.restart();
  await eventually(async () => {
    assert.equal((await revoke(one, inspected.client, token)).status, 200);
  }, KNOWN_EVERYWHERE_WITHIN_MS);
  // What reads has a connection of its own, which may come back later than the one that writes.
  await eventually(async () => assert.equal(await isActive(one, token), false), KNOWN_EVERYWHERE_WITHIN_MS);
});
