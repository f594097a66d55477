/** Idempotency keys where it is hard: two processes on one Redis, and a process that dies in the middle. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Answer } from '../support/bridge.ts';
import {
  asPortal,
  BRIDGE,
  bearing,
  type Call,
  KONNECT,
  LEAST,
  opens,
  PUBLIC_REGISTER,
} from '../support/dialects.ts';
import { type Operated, startOperated } from '../support/operated-service.ts';
import { patiently } from '../support/patiently.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { tempDir } from '../support/temp.ts';

let redis: RedisServer;
let first: Operated;
let second: Operated;
let calls: readonly Call[];
before(async () => {
  redis = await startRedis();
  first = await startOperated({ env: { STORE_URL: redis.url } });
  const { issuer } = first.service;
  second = await first.again({ directory: tempDir('second'), env: { ISSUER: issuer } });
  calls = [asPortal(first.service), asPortal(second.service)];
});
after(async () => {
  await Promise.all([first.service.stop(), second.service.stop()]);
  await redis.stop();
});

const PARALLEL = 50;

/** `PARALLEL` times at once, by turns to each process; every one of them carries an idempotency key. */
function atOnce(act: (call: Call, index: number) => Promise<Answer>): Promise<Answer[]> {
  const turn = (index: number) =>
    patiently(() => act(calls[index % calls.length] ?? asPortal(first.service), index));
  return Promise.all(Array.from({ length: PARALLEL }, (_, index) => turn(index)));
}

async function countClients(call: Call, label: string): Promise<number> {
  return (await call('GET', `${BRIDGE}?limit=100&label.race=${label}`)).body.clients.length;
}

function assertAllSame(answers: readonly Answer[], status: number): Answer {
  const [one] = answers;
  assert.ok(one !== undefined);
  for (const answer of answers) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.text, one.text);
  }
  return one;
}

for (const [name, path] of [
  ['HTTP Bridge', BRIDGE],
  ['Konnect', KONNECT],
  ['RFC 7591', PUBLIC_REGISTER],
] as const) {
  test(`S-RACE-06: ${name}: ${PARALLEL} creates with one key over two processes are one client`, async () => {
    const label = randomUUID();
    const key = { 'idempotency-key': randomUUID() };
    const body = { ...LEAST, labels: { race: label } };
    const { body: client } = assertAllSame(await atOnce((call) => call('POST', path, body, key)), 201);
    for (const call of calls) assert.equal(await countClients(call, label), 1);
    for (const { service } of [first, second]) {
      assert.equal(await opens(service, client.client_id, client.client_secret), true);
    }
  });
}

test('two bodies race for one key: one is done, every other body is refused', async () => {
  const label = randomUUID();
  const key = { 'idempotency-key': randomUUID() };
  const answers = await atOnce((call, index) =>
    call('POST', BRIDGE, { client_name: `${index % 3}`, labels: { race: label } }, key),
  );
  const made = answers.filter(({ status }) => status === 201);
  assertAllSame(made, 201);
  assert.ok(answers.every(({ status }) => status === 201 || status === 422));
  assert.equal(made.length < PARALLEL && made.length >= Math.floor(PARALLEL / 3), true);
  assert.equal(await countClients(asPortal(first.service), label), 1);
});

test('S-MGT-14: a rotation sent to two processes at once under one key leaves the secret it answered', async () => {
  const { body: client } = await asPortal(first.service)('POST', BRIDGE, {});
  const key = { 'idempotency-key': randomUUID() };
  const path = `${BRIDGE}/${client.client_id}/rotate-secret`;
  const { body } = assertAllSame(await atOnce((call) => call('POST', path, {}, key)), 200);
  assert.equal(await opens(second.service, client.client_id, body.client_secret), true);
  assert.equal(await opens(second.service, client.client_id, client.client_secret), false);
});

test('a secret added to two processes at once under one key is one secret', async () => {
  const { body: client } = await asPortal(first.service)('POST', BRIDGE, {});
  const path = `${BRIDGE}/${client.client_id}/secrets`;
  const key = { 'idempotency-key': randomUUID() };
  const { body } = assertAllSame(await atOnce((call) => call('POST', path, {}, key)), 201);
  const { secrets } = (await asPortal(second.service)('GET', path)).body;
  assert.deepEqual(secrets.map(({ secret_id }: { secret_id: string }) => secret_id)[0], body.secret_id);
  assert.equal(secrets.length, 2);
});

test('S-RACE-03: rotations at once without a key: whoever is answered last has a secret that works', async () => {
  const { body: client } = await asPortal(first.service)('POST', BRIDGE, {});
  const path = `${BRIDGE}/${client.client_id}/rotate-secret`;
  const answers = await Promise.all(calls.flatMap((call) => [call('POST', path), call('POST', path)]));
  const rotated = answers.filter(({ status }) => status === 200);
  assert.ok(rotated.length > 0);
  const working = await Promise.all(
    rotated.map(({ body }) => opens(first.service, client.client_id, body.client_secret)),
  );
  assert.equal(working.filter(Boolean).length, 1, 'exactly the last one works');
});

test('S-DCR-02: a token for three clients registers exactly three, whoever is asked', async () => {
  const label = randomUUID();
  const { initial_access_token } = await first.operate('portals', 'issue-token', 'test', '3');
  const bearers = [first, second].map(({ service }) => bearing(service, initial_access_token));
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      bearers[index % 2]?.('POST', PUBLIC_REGISTER, { labels: { race: label } }),
    ),
  );
  const statuses = answers.map((answer) => answer?.status);
  assert.equal(statuses.filter((status) => status === 201).length, 3, String(statuses));
  assert.equal(statuses.filter((status) => status === 401).length, 17, String(statuses));
  assert.equal(await countClients(asPortal(second.service), label), 3);
});

test('whoever reads Redis and its file finds neither secret nor key', async () => {
  const key = `canary-key-${randomUUID()}`;
  const { body: made } = await asPortal(first.service)('POST', BRIDGE, {}, { 'idempotency-key': key });
  const files = readdirSync(redis.dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(redis.dir, name))
    .filter((name) => statSync(name).isFile());
  const bytes = Buffer.concat(files.map((name) => readFileSync(name)));
  assert.equal(bytes.includes(made.client_id), true, 'the file is looked at');
  assert.equal(bytes.includes(made.client_secret), false);
  assert.equal(bytes.includes(key), false);
});

test('kill -9 in the middle of creates: sent again, each key is one client, with the secret of its answer', async () => {
  const before = await startOperated();
  const label = randomUUID();
  const create = (service: Operated['service'], key: string) =>
    asPortal(service)('POST', BRIDGE, { labels: { race: label } }, { 'idempotency-key': key });
  const keys: string[] = [];
  const heard = new Map<string, string>();
  let killed: Promise<void> | undefined;
  // One after the other until nobody answers: whenever the service dies, every one of them is in the middle.
  const createUntilKilled = async () => {
    for (;;) {
      const key = randomUUID();
      keys.push(key);
      const answer = await create(before.service, key).catch(() => undefined);
      if (answer === undefined) return;
      assert.equal(answer.status, 201, answer.text);
      heard.set(key, answer.text.replaceAll(before.service.issuer, 'issuer'));
      if (heard.size >= 3) killed ??= before.service.kill();
    }
  };
  await Promise.all(Array.from({ length: 20 }, createUntilKilled));
  await killed;
  assert.ok(heard.size >= 3 && keys.length >= heard.size + 20, 'it was killed in the middle');
  const restarted = await before.again();
  try {
    const answers = await Promise.all(keys.map((key) => create(restarted.service, key)));
    for (const [index, key] of keys.entries()) {
      const answer = answers[index];
      assert.equal(answer?.status, 201, answer?.text);
      const text = answer?.text.replaceAll(restarted.service.issuer, 'issuer');
      if (heard.has(key)) assert.equal(text, heard.get(key));
    }
    assert.equal(await countClients(asPortal(restarted.service), label), keys.length);
    const [answer] = answers;
    assert.equal(await opens(restarted.service, answer?.body.client_id, answer?.body.client_secret), true);
  } finally {
    await restarted.service.stop();
  }
});
