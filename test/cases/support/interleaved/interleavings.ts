/**
 * A process that makes interleavings: `RUNS` of them from `SEED` on, over the Redis at `STORE_URL`. Not among the
 * tests' own process: Node's test runner follows each promise there, and an interleaving is made of thousands.
 * It ends with 1 and what fast-check says of the first that went wrong: seed and path bring that one back.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { createCredentials } from '../../../../src/keys/credentials.ts';
import { createClient } from '../../../../src/registration/create.ts';
import { deleteClient } from '../../../../src/registration/delete.ts';
import { updateClient } from '../../../../src/registration/update.ts';
import { facetsOf } from '../../../../src/stores/facets.ts';
import { type StorageKeys, storageKeys } from '../../../../src/stores/redis/storage-schema.ts';
import { patientRedis } from '../../../bench/patient-redis.ts';
import { act, POLICY, refused } from '../../../registration/support.ts';
import { inOrder, walk } from '../../../stores/contract/walk.ts';
import {
  actInTurn,
  answered,
  asksForToken,
  callers,
  learn,
  OVERLAP_SECONDS,
  type Scene,
  type Step,
  unchanged,
} from './acts.ts';
import { createGates, createTraffic, type Gates } from './gates.ts';
import { createModel } from './model.ts';
import { createNode } from './node.ts';

const { STORE_URL = '', RUNS, SEED, RACES_PATH: PATH } = process.env;
/** Then Redis is emptied. */
const RUNS_AT_ONCE = 1000;
const MAX_CLIENTS = 3;
const FIRST_CLIENTS = 2;
const RULES = { ...POLICY, max_clients: MAX_CLIENTS, secret_overlap_seconds: OVERLAP_SECONDS };

const connections = [patientRedis(STORE_URL), patientRedis(STORE_URL)] as const;
const traffic = createTraffic();
const OPEN = createGates(traffic);
let runs = 0;
let steps = 0;

const property = fc.asyncProperty(fc.scheduler({ act: traffic.act }), callers, interleaved);
for (let seed = Number(SEED); runs < Number(RUNS); seed += 1) {
  const numRuns = Math.min(RUNS_AT_ONCE, Number(RUNS) - runs);
  await fc.assert(property, { seed, numRuns, ...(PATH === undefined ? {} : { path: PATH }) });
  await connections[0].flushdb();
  if (PATH !== undefined) break;
}
console.log(`${runs} interleavings of ${Math.round(steps / runs)} steps`);
for (const connection of connections) connection.disconnect();

async function interleaved(scheduler: fc.Scheduler, plans: readonly (readonly Step[])[]): Promise<void> {
  runs += 1;
  const keys = storageKeys(`{run ${runs}}:`);
  const scene = sceneOf(createGates(traffic, scheduler), keys);
  const { nodes, gates } = scene;
  const end = async (): Promise<void> => {
    for (const node of nodes) node.stop();
    await gates.open();
  };
  try {
    await Promise.all(nodes.map(({ cache }) => cache.followed));
    for (let count = 0; count < FIRST_CLIENTS; count += 1) await creates(scene);
    const acting = plans.map((steps, index) => actInTurn(scene, 'abcd'.charAt(index), steps));
    await scheduler.waitFor(Promise.all(acting).then(() => Promise.all(nodes.map((node) => node.catchUp()))));
    steps += scheduler.report().length;
    await end();
    await endsWell(scene, keys);
  } finally {
    await end();
  }
}

function sceneOf(gates: Gates, keys: StorageKeys): Scene {
  const model = createModel(MAX_CLIENTS);
  const parts = {
    keys,
    gates,
    model,
    credentials: createCredentials(randomBytes(32), randomBytes),
    policy: RULES,
  };
  const nodeOf = (at: 0 | 1) => createNode({ ...parts, name: 'NM'.charAt(at), redis: connections[at] });
  return { model, gates, nodes: [nodeOf(0), nodeOf(1)], clients: [] };
}

/** Whether there was room. */
async function creates({ model, nodes, clients }: Scene): Promise<boolean> {
  const body = { client_name: 'nothing comes between', labels: { team: 'red' } };
  const asked = act({ nowSeconds: model.nowSeconds() });
  const answer = await answered(
    { model, gates: OPEN },
    nodes[0],
    'itself',
    unchanged,
    ['quota_exceeded'],
    (context) => createClient(context, asked, body),
  );
  if (answer !== undefined) learn(clients, answer);
  return answer !== undefined;
}

/** Once every node has heard of everything: store, indexes, counts and caches tell the same story. */
async function endsWell(scene: Scene, keys: StorageKeys): Promise<void> {
  const { model, nodes, clients } = scene;
  for (const node of nodes) {
    for (const { id, secrets } of clients) {
      node.answered(id, model.latest(id));
      for (const secret of secrets) await asksForToken(scene, node, id, secret);
    }
  }
  const [node] = nodes;
  const context = node.contextOf({ name: 'end', gates: OPEN, effect: unchanged, commits: [] });
  const asked = act({ nowSeconds: model.nowSeconds() });
  for (const id of model.ids().filter((one) => model.current(one) === undefined)) {
    await refused('client_unknown', updateClient(context, asked, id, { client_name: 'late' }));
    assert.equal(await deleteClient(context, asked, id), 'deleted');
  }
  for (const team of ['red', 'blue']) {
    const label = ['team', team] as const;
    const expected = model.live().filter(({ metadata }) => metadata.labels.team === team);
    assert.deepEqual(await walk(context.clients, asked.portal, { labels: [label] }), inOrder(expected));
  }
  assert.deepEqual(await walk(context.clients, asked.portal), inOrder(model.live()));
  const entries = model.live().flatMap(facetsOf);
  assert.equal(await connections[0].zcard(keys.clientIndex(asked.portal, asked.provider)), entries.length);
  assert.equal(await context.clients.count(asked.portal), model.live().length);
  assert.equal(await context.clients.countAll(), model.live().length);
  for (let room = MAX_CLIENTS - model.live().length; room >= 0; room -= 1) {
    assert.equal(await creates(scene), room > 0, 'a place of the quota is lost, or there is one too many');
  }
}
