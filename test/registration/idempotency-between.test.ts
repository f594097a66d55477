/** The same request twice at once, at the worst moment: the other one commits between our two reads. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createClient } from '../../src/registration/create.ts';
import type { ClientAnswer } from '../../src/registration/idempotency.ts';
import { addSecret } from '../../src/registration/secrets.ts';
import { act, refused, type World, world } from './support.ts';

/** What the other request does, once, just before this one reads the client. */
let other: (() => Promise<unknown>) | undefined;
const opened = world((clients) => ({
  ...clients,
  read: async (id) => {
    const run = other;
    other = undefined;
    await run?.();
    return clients.read(id);
  },
}));
after(async () => (await opened).close());

const keyed = (key: string) =>
  act({ idempotent: { key, route: 'POST /bridge/local/clients/x/secrets', body: {} } });

async function raced(context: World, mine: string, others: string): Promise<() => Promise<ClientAnswer[]>> {
  const { client } = await createClient(context, act(), {});
  return async () => {
    let first: ClientAnswer | undefined;
    other = async () => {
      first = await addSecret(context, keyed(others), client.client_id);
    };
    const second = await addSecret(context, keyed(mine), client.client_id);
    return [first ?? assert.fail('the other request was not run'), second];
  };
}

test('S-RACE-06: who finds the limit reached by its own twin is given the answer of its twin', async () => {
  const run = await raced(await opened, 'one', 'one');
  const [first, second] = await run();
  assert.equal(second?.clientSecret, first?.clientSecret);
  assert.deepEqual(second?.client.secrets, first?.client.secrets);
});

test('who finds the limit reached by another request is refused', async () => {
  const run = await raced(await opened, 'mine', 'not mine');
  await refused('secret_limit', run());
});
