/**
 * F-14: a storm of secret rotations with an overlap over two nodes, beside token requests with both secrets.
 * Nobody is refused who may come in, two secrets work at most, and the old one ends when it was announced.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Credentials, fetchToken } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { patiently } from '../support/patiently.ts';
import type { TestService } from '../support/service.ts';
import { BRIDGE, call, through } from './support/dialects.ts';
import { startTwoNodes, type TwoNodes } from './support/two-nodes.ts';

const ROTATIONS = 50;
const OVERLAP_SECONDS = 3;
/** The contract's `invalidation_bound`. */
const BOUND_MS = 5000;
/** Together some 200 tokens a second. */
const ASKERS = 4;
const PAUSE_MS = 15;
const ENOUGH = 100;

let nodes: TwoNodes;
let services: readonly [TestService, TestService];
let key: string;
before(async () => {
  nodes = await startTwoNodes({ portals: { moving: { secret_overlap_seconds: OVERLAP_SECONDS } } });
  services = [nodes.one.service, nodes.other.service];
  key = await nodes.one.addPortal('moving');
});
after(() => nodes?.stop());

const nodeOf = (turn: number) => services[turn % 2] as TestService;

/** A portal that is told to come again does, and has one new secret for it. */
async function rotate(turn: number, { client_id }: Credentials): Promise<Credentials> {
  const once = { 'idempotency-key': randomUUID() };
  const answer = await patiently(() => through(BRIDGE, nodeOf(turn), key).rotate(client_id, undefined, once));
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

async function create(turn: number): Promise<Credentials> {
  const answer = await patiently(() => through(BRIDGE, nodeOf(turn), key).create());
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

/** Newest first. */
async function secretsOf({ client_id }: Credentials, turn = 0): Promise<Answer['body'][]> {
  const url = `${through(BRIDGE, nodeOf(turn), key).client(client_id)}/secrets`;
  return (await call('GET', url, { key })).body.secrets;
}

interface Asked {
  readonly client: number;
  readonly secret: 'old' | 'new';
  readonly beganMs: number;
  readonly endedMs: number;
  readonly status: number;
}

test('F-14: fifty clients are rotated at once, and each of both secrets works at both nodes until the old one ends', async () => {
  const old = await Promise.all(Array.from({ length: ROTATIONS }, (_, turn) => create(turn)));
  const fresh: Credentials[] = [];
  const asked: Asked[] = [];
  let isOver = false;
  const ask = async (turn: number) => {
    const client = Math.floor(turn / 4) % ROTATIONS;
    const [secret, credentials] =
      turn % 4 < 2 ? (['old', old[client]] as const) : (['new', fresh[client]] as const);
    if (credentials === undefined) return;
    const beganMs = Date.now();
    const { status } = await fetchToken(nodeOf(turn), credentials);
    asked.push({ client, secret, beganMs, endedMs: Date.now(), status });
  };
  const askers = Array.from({ length: ASKERS }, async (_, first) => {
    // Each begins at another client, and turn by turn comes to each node and each secret.
    for (let turn = first * ROTATIONS; !isOver; turn += 1) {
      await ask(turn);
      await sleep(PAUSE_MS);
    }
  });
  const answered = (secret: Asked['secret']) =>
    asked.filter((one) => one.secret === secret && one.status === 200).length;
  // However fast the machine is: enough of each.
  while (answered('old') <= ENOUGH) await sleep(PAUSE_MS);
  await Promise.all(
    old.map(async (client, turn) => {
      fresh[turn] = await rotate(turn, client);
    }),
  );
  const ends: number[] = [];
  for (const [turn, client] of old.entries()) {
    const secrets = await secretsOf(client, turn);
    assert.equal(secrets.length, 2);
    ends.push(secrets[1].expires_at * 1000);
  }
  await sleep(Math.max(0, Math.max(...ends) + 1000 - Date.now()));
  while (answered('new') <= ENOUGH) await sleep(PAUSE_MS);
  isOver = true;
  await Promise.all(askers);

  const refused = asked.filter(
    ({ client, secret, endedMs, status }) =>
      status !== 200 && (secret === 'new' || endedMs < (ends[client] ?? 0)),
  );
  assert.deepEqual(refused, [], 'an unexpected refusal');
  const late = asked.filter(
    ({ client, secret, beganMs, status }) =>
      status !== 401 && secret === 'old' && beganMs >= (ends[client] ?? 0),
  );
  assert.deepEqual(late, [], 'works beyond its end');
  for (const [turn, client] of old.entries()) {
    const { status } = await fetchToken(nodeOf(turn), client);
    assert.equal(status, 401, 'the old one, beyond its end');
    assert.equal((await fetchToken(nodeOf(turn + 1), fresh[turn] as Credentials)).status, 200);
  }
});

test('F-14: of fifty rotations of one client at once over two nodes, the last two secrets work and no other', async () => {
  const first = await create(0);
  const made = await Promise.all(
    Array.from({ length: ROTATIONS }, (_, turn) =>
      patiently(() => through(BRIDGE, nodeOf(turn), key).rotate(first.client_id)),
    ),
  );
  for (const { status } of made) assert.ok(status === 200 || status === 409, `${status}`);
  const secrets = [first, ...made.filter(({ status }) => status === 200).map(({ body }) => body)];
  assert.ok(secrets.length > 2);
  assert.equal((await secretsOf(first)).length, 2);
  const working = async (service: TestService) => {
    const statuses = await Promise.all(secrets.map(async (one) => (await fetchToken(service, one)).status));
    assert.deepEqual(new Set(statuses), new Set([200, 401]));
    return secrets.filter((_, index) => statuses[index] === 200).map(({ client_secret }) => client_secret);
  };
  let isFirst = true;
  await eventually(async () => {
    // A client that fails 300 times in a minute is told to wait.
    if (!isFirst) await sleep(700);
    isFirst = false;
    const [one, other] = await Promise.all(services.map(working));
    assert.equal(one?.length, 2);
    assert.deepEqual(one, other);
  }, BOUND_MS);
});

test('F-14: rotated again and again, now here, now there, the last two secrets always work at both nodes', async () => {
  let before = await create(0);
  let newest = await rotate(0, before);
  for (let turn = 1; turn <= ROTATIONS; turn += 1) {
    const gone = before;
    before = newest;
    newest = await rotate(turn, before);
    const both = [before, newest];
    const answers = await Promise.all(
      both.flatMap((one) => services.map((service) => fetchToken(service, one))),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
      `after ${turn}`,
    );
    assert.equal((await fetchToken(nodeOf(turn), gone)).status, 401, 'where it was rotated, at once');
  }
});
