/** S-RACE: two processes on one Redis, and no moment at which they disagree about what was acknowledged. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { issueInitialAccessToken } from '../../src/portals/manage.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { type Answer, fetchToken } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { patiently } from '../support/patiently.ts';
import { assertRefusal } from '../support/refusal.ts';
import { API_KEY, type TestService } from '../support/service.ts';
import {
  BRIDGE,
  bearer,
  call,
  DIALECTS,
  type Dialect,
  KONNECT,
  OWN,
  through,
  WITH_UPDATE,
} from './support/dialects.ts';
import { startTwoNodes, type TwoNodes } from './support/two-nodes.ts';

let nodes: TwoNodes;
let one: TestService;
let other: TestService;
before(async () => {
  nodes = await startTwoNodes({
    portals: {
      ...Object.fromEntries(DIALECTS.map((_, index) => [`small${index}`, { max_clients: 7 }])),
      overlapping: { secret_overlap_seconds: 60 },
      'overlapping-too': { secret_overlap_seconds: 60 },
    },
  });
  one = nodes.one.service;
  other = nodes.other.service;
});
after(async () => {
  await nodes.stop();
});

/** The same act at both nodes, `times` in all, at once. */
function atBoth<T>(times: number, act: (service: TestService, time: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, (_, time) => act(time % 2 === 0 ? one : other, time)));
}

const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))].sort();

for (const dialect of DIALECTS) {
  test(`S-RACE-01 an update that races a delete never brings the client back (${dialect.name})`, async () => {
    for (let round = 0; round < 10; round += 1) {
      const { body } = await through(dialect, one).create();
      const updates = atBoth(6, (service, time) =>
        through(dialect, service).update(body.client_id, { client_name: `name ${time}` }),
      );
      const deleted = await through(dialect, round % 2 === 0 ? one : other).delete(body.client_id);
      assert.equal(deleted.status, 204);
      for (const { status } of await updates) assert.ok([200, 404, 409].includes(status), `${status}`);
      for (const service of [one, other]) {
        const late = await through(dialect, service).update(body.client_id, { client_name: 'late' });
        assertRefusal(late, { status: 404, error: 'not_found' });
        assert.equal((await fetchToken(service, body)).status, 401);
      }
      assert.deepEqual(await nodes.keys(`client:${body.client_id}`), []);
    }
  });

  test(`S-RACE-03 of rotations at once the answered secrets are worth what they say (${dialect.name})`, async () => {
    const { body } = await through(dialect, one).create();
    const { client_id } = body;
    const clicked = await atBoth(8, (service) =>
      through(dialect, service).rotate(client_id, undefined, { 'idempotency-key': 'double-click' }),
    );
    assert.deepEqual(statuses(clicked), [200]);
    assert.equal(new Set(clicked.map((answer) => answer.body.client_secret)).size, 1, 'one rotation');
    for (const service of [one, other]) {
      assert.equal((await fetchToken(service, clicked[0]?.body)).status, 200);
      assert.equal((await fetchToken(service, body)).status, 401);
    }
    const separate = await atBoth(4, (service) => through(dialect, service).rotate(client_id));
    for (const { status } of separate) assert.ok(status === 200 || status === 409, `${status}`);
    const made = separate.filter(({ status }) => status === 200);
    assert.ok(made.length > 0);
    const valid = await Promise.all(made.map((answer) => fetchToken(other, answer.body)));
    // Without an overlap the last one rotates the others away, as each of them was told.
    assert.equal(valid.filter(({ status }) => status === 200).length, 1);
  });
}

test('S-RACE-03 two rotations at once within an overlap leave both of their secrets valid', async () => {
  const key = await nodes.one.addPortal('overlapping');
  for (const dialect of DIALECTS.filter((each) => each !== KONNECT)) {
    for (let round = 0; round < 5; round += 1) {
      const { body } = await through(dialect, one, key).create();
      const both = await atBoth(2, (service) => through(dialect, service, key).rotate(body.client_id));
      assert.deepEqual(statuses(both), [200]);
      for (const rotated of both) assert.equal((await fetchToken(one, rotated.body)).status, 200);
      assert.equal((await fetchToken(other, body)).status, 401, 'two at most');
    }
  }
});

test('S-RACE-04 while a secret is rotated with an overlap, the old one is never refused on any node', async () => {
  const key = await nodes.one.addPortal('overlapping-too');
  for (const dialect of DIALECTS.filter((each) => each !== KONNECT)) {
    const { body } = await through(dialect, one, key).create();
    let rotated = false;
    const seen: number[] = [];
    const asking = [one, other].map(async (service) => {
      do seen.push((await fetchToken(service, body)).status);
      while (!rotated);
      for (let time = 0; time < 5; time += 1) seen.push((await fetchToken(service, body)).status);
    });
    const fresh = await through(dialect, one, key).rotate(body.client_id);
    assert.equal(fresh.status, 200);
    assert.equal((await fetchToken(other, fresh.body)).status, 200, 'the new one is good at once');
    rotated = true;
    await Promise.all(asking);
    assert.deepEqual(new Set(seen), new Set([200]));
    assert.ok(seen.length >= 12);
  }
});

for (const dialect of DIALECTS) {
  test(`S-RACE-05 a token request that starts after the delete was acknowledged fails on both nodes (${dialect.name})`, async () => {
    for (let round = 0; round < 5; round += 1) {
      const { body } = await through(dialect, one).create();
      const early = atBoth(10, (service) => fetchToken(service, body));
      assert.equal((await through(dialect, one).delete(body.client_id)).status, 204);
      assert.equal((await fetchToken(one, body)).status, 401, 'the node that answered');
      await eventually(async () => assert.equal((await fetchToken(other, body)).status, 401), BOUND_MS);
      const late = await atBoth(6, (service) => fetchToken(service, body));
      assert.deepEqual(statuses(late), [401]);
      for (const { status } of await early) assert.ok(status === 200 || status === 401, `${status}`);
    }
  });

  test(`S-RACE-06 fifty creates with one key at two nodes are one client (${dialect.name})`, async () => {
    const before = (await nodes.keys('client:cl_')).length;
    const key = { 'idempotency-key': `fifty-${dialect.name}`.replaceAll(' ', '-') };
    const answers = await atBoth(50, (service) =>
      through(dialect, service).create({ client_name: 'one' }, key),
    );
    assert.deepEqual(statuses(answers), [201]);
    assert.equal(new Set(answers.map(withoutPort)).size, 1);
    assert.equal((await nodes.keys('client:cl_')).length, before + 1);
    assert.equal((await fetchToken(other, answers[0]?.body)).status, 200);
  });

  test(`S-RACE-07 a hundred creates at two nodes never pass the quota (${dialect.name})`, async () => {
    const name = `small${DIALECTS.indexOf(dialect)}`;
    const key = await nodes.one.addPortal(name);
    const create = (service: TestService) => {
      const headers = { 'idempotency-key': randomUUID() };
      return patiently(() => through(dialect, service, key).create(undefined, headers));
    };
    const answers = await atBoth(100, create);
    assert.equal(answers.filter(({ status }) => status === 201).length, 7);
    const refusals = answers.filter(({ status }) => status !== 201);
    assert.equal(refusals.length, 93);
    for (const refused of refusals) assertRefusal(refused, { status: 403, error: 'quota_exceeded' });
    const made = answers.find(({ status }) => status === 201);
    assert.equal((await through(dialect, other, key).delete(made?.body.client_id)).status, 204);
    const again = await atBoth(20, create);
    assert.equal(again.filter(({ status }) => status === 201).length, 1, 'as much room as was made');
  });
}

/** The RFC dialect at a provider names its own management URL; the rest is the same from both nodes. */
function withoutPort({ body }: Answer): string {
  return JSON.stringify(body).replaceAll(/127\.0\.0\.1:\d+/g, 'host');
}

test('S-RACE-07 of parallel registrations at two nodes a token for five gets five', async () => {
  const token = await nodes.one.asOperator((portals) =>
    issueInitialAccessToken(portals, 'test' as PortalName, 5, 60),
  );
  const answers = await atBoth(30, (service) =>
    call('POST', through(OWN, service).clients, { body: { client_name: 'x' }, headers: bearer(token ?? '') }),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 5);
  assert.equal(answers.filter(({ status }) => status === 401).length, 25);
});

/** The contract's `invalidation_bound`: until then a node may go by what it has in memory. */
const BOUND_MS = 5000;

test('S-RACE-08 what one node has changed, the other does not answer from before', async () => {
  for (const dialect of DIALECTS) {
    let { body } = await through(dialect, one).create({ client_name: 'a client', scope: 'read' });
    for (let round = 0; round < 10; round += 1) {
      const [here, there] = round % 2 === 0 ? [one, other] : [other, one];
      // Reads in flight while the change is made: one of them may be older than it, and must not be kept.
      const reading = Promise.all(
        [here, there].flatMap((service) => [1, 2, 3].map(() => fetchToken(service, body))),
      );
      const rotated = await through(dialect, here).rotate(body.client_id);
      await reading;
      assert.equal((await fetchToken(there, rotated.body)).status, 200);
      assert.equal(
        (await fetchToken(there, { ...rotated.body, client_secret: body.client_secret })).status,
        401,
      );
      body = rotated.body;
    }
    await scopeFollows(dialect, body);
  }
});

async function scopeFollows(dialect: Dialect, credentials: Answer['body']): Promise<void> {
  if (!WITH_UPDATE.includes(dialect)) return;
  const { update } = through(dialect, one);
  assert.equal(
    (await update(credentials.client_id, { client_name: 'a client', scope: 'write' })).status,
    200,
  );
  await eventually(
    async () => assert.equal((await fetchToken(other, credentials, { scope: 'write' })).status, 200),
    BOUND_MS,
  );
  assert.equal((await fetchToken(other, credentials, { scope: 'read' })).body.error, 'invalid_scope');
}

test('S-RACE-09 a client that could not be made durable is seen by nobody, not even where it was made', async () => {
  const { create } = through(BRIDGE, one);
  const stored = async () => (await nodes.keys('client:cl_')).length;
  const before = await stored();
  const label = { client_name: 'never', labels: { durable: 'no' } };
  nodes.redis.pause();
  const refused = await Promise.all([create(label), create(label)]);
  for (const answer of refused) assertRefusal(answer, { status: 503, error: 'temporarily_unavailable' });
  nodes.redis.resume();
  await eventually(async () => assert.equal((await create({ client_name: 'after' })).status, 201), 10_000);
  assert.equal(await stored(), before + 1);
  for (const service of [one, other]) {
    const { clients: url } = through(BRIDGE, service);
    await eventually(async () => {
      const list = await call('GET', `${url}?label.durable=no`, { key: API_KEY });
      assert.equal(list.status, 200);
      assert.deepEqual(list.body.clients, []);
    }, 10_000);
  }
});
