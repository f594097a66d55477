/**
 * F-25: one assertion from many sides over two nodes, round after round, while Redis is killed and comes back,
 * with its data and without. Nobody gets a second token for it, and new assertions are soon as good as ever.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertionOf, type ClientKey, newClientKey, tokenByAssertion } from '../support/assertion.ts';
import { portal } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { startTwoNodes, type TwoNodes } from './support/two-nodes.ts';

const COPIES = 50;
/** Of those that come later: a client that fails 300 times in a minute is told to wait. */
const LATER_COPIES = 6;
const ROUNDS = 3;
/** Two seconds in which Redis begins to remember, reconnecting, and a busy machine. */
const GOOD_AGAIN_MS = 15_000;

let nodes: TwoNodes;
let key: ClientKey;
let client: { readonly client_id: string; readonly issuer: string };
before(async () => {
  nodes = await startTwoNodes();
  key = await newClientKey();
  client = await newClient();
  await isGoodAgain();
});
after(() => nodes?.stop());

async function newClient() {
  const { service } = nodes.one;
  const { body } = await portal(service).create({
    scope: 'read',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.jwk] },
  });
  return { client_id: body.client_id, issuer: service.issuer };
}

const present = async (copy: number, assertion: string) =>
  (await tokenByAssertion((copy % 2 === 0 ? nodes.one : nodes.other).service, assertion)).status;

async function presentAll(assertion: string, copies = COPIES): Promise<readonly number[]> {
  return await Promise.all(Array.from({ length: copies }, (_, copy) => present(copy, assertion)));
}

const tokens = (statuses: readonly number[]) => statuses.filter((status) => status === 200).length;

/** At both nodes, with a new assertion each time; not so often that its failures would be too many. */
const isGoodAgain = () =>
  eventually(async () => {
    await sleep(500);
    for (const copy of [0, 1]) assert.equal(await present(copy, await assertionOf(key, client)), 200);
  }, GOOD_AGAIN_MS);

for (const [name, end] of [
  ['with its data', () => nodes.redis.restart()],
  [
    'without what it knew of assertions',
    async () => {
      // All at once, as it would be lost. An emptied Redis would have no clients either, and nodes refuse it.
      await nodes.redis.command('DEL', ...(await nodes.keys(':replay')));
      await nodes.redis.restart();
    },
  ],
] as const) {
  test(`F-25: Redis comes back ${name}: of an assertion that was used no copy is taken again, and the next is used once`, async () => {
    client = await newClient();
    for (let round = 0; round < ROUNDS; round += 1) {
      const assertion = await assertionOf(key, client);
      assert.equal(tokens(await presentAll(assertion)), 1);
      await end();
      // From the first moment on, and when all is well again.
      const statuses = [...(await presentAll(assertion))];
      await isGoodAgain();
      statuses.push(...(await presentAll(assertion)));
      assert.deepEqual(
        [...new Set(statuses)].filter((status) => status !== 401 && status !== 503),
        [],
      );
      assert.deepEqual(new Set(statuses.slice(COPIES)), new Set([401]));
    }
  });

  test(`F-25: Redis ends while copies are on their way and comes back ${name}: at most one is taken`, async () => {
    client = await newClient();
    for (let round = 0; round < ROUNDS; round += 1) {
      const assertion = await assertionOf(key, client);
      const first = presentAll(assertion);
      await sleep(5 * round);
      await end();
      const statuses = [...(await first)];
      // Whoever was told 503 may try again, for as long as the assertion lives.
      await isGoodAgain();
      statuses.push(...(await presentAll(assertion, LATER_COPIES)));
      assert.ok(tokens(statuses) <= 1, `${tokens(statuses)} tokens`);
      assert.deepEqual(
        [...new Set(statuses)].filter((status) => ![200, 401, 503].includes(status)),
        [],
      );
    }
  });
}
