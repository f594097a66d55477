/** When a secret was used, and whether anyone still uses it: counted in batches, beside the token road. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findSecret, MAX_VALID_SECRETS, newSecret, type Secret } from '../../src/clients/secret.ts';
import { asPortal, BRIDGE, type Call, opens } from '../support/dialects.ts';
import { eventually } from '../support/eventually.ts';
import { type Operated, startOperated } from '../support/operated-service.ts';
import { storeRows } from '../support/store-rows.ts';

let operated: Operated;
let call: Call;
before(async () => {
  operated = await startOperated();
  call = asPortal(operated.service);
});
after(() => operated.service.stop());

/** What was counted is written within this. */
const FLUSHED_MS = 7000;

async function register() {
  const { body } = await call('POST', BRIDGE, {});
  const id: string = body.client_id;
  return {
    id,
    first: body.client_secret as string,
    use: (secret: string) => opens(operated.service, id, secret),
    add: async () => (await call('POST', `${BRIDGE}/${id}/secrets`)).body,
    list: async () => (await call('GET', `${BRIDGE}/${id}/secrets`)).body.secrets,
  };
}

/** Stops the service, which writes what it counted, and starts it again. */
async function flush(): Promise<void> {
  await operated.service.stop();
  operated = await operated.again();
  call = asPortal(operated.service);
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

test('uses are counted, and written within seconds while the service runs', async () => {
  const client = await register();
  const [unused] = await client.list();
  assert.deepEqual(
    [unused.use_count, unused.last_used_at, unused.safe_to_delete],
    [0, null, false],
    'never used and without a successor is not safe to delete',
  );
  const began = nowSeconds();
  for (let use = 0; use < 3; use += 1) assert.equal(await client.use(client.first), true);
  assert.equal(await client.use(`${client.first}x`), false);
  await eventually(async () => {
    const [used] = await client.list();
    assert.equal(used.use_count, 3, 'a refused secret is nobody’s use');
    assert.ok(used.last_used_at >= began && used.last_used_at <= nowSeconds());
  }, FLUSHED_MS);
});

test('a token request writes nothing: what is counted comes later, in one batch', async () => {
  const client = await register();
  await flush();
  const before = storeRows(operated.service);
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.use(client.first)));
  assert.ok(answers.every(Boolean));
  const { secret_uses: _, ...others } = storeRows(operated.service);
  const { secret_uses: __, ...othersBefore } = before;
  assert.deepEqual(others, othersBefore);
  await flush();
  assert.equal((await client.list())[0].use_count, 20);
  // And the record's version did not move: counting conflicts with no update.
  const { clients } = storeRows(operated.service);
  assert.deepEqual(clients, before.clients);
});

test('safe to delete: once the successor is in use and the old secret is not', async () => {
  const client = await register();
  await client.use(client.first);
  const second = await client.add();
  const safe = async () =>
    (await client.list()).map(({ safe_to_delete }: { safe_to_delete: boolean }) => safe_to_delete);
  await flush();
  assert.deepEqual(await safe(), [false, false], 'nobody has moved to the new one');
  await sleep(1100);
  await client.use(second.client_secret);
  await flush();
  assert.deepEqual(await safe(), [false, true], 'everybody has moved');
  await sleep(1100);
  await client.use(client.first);
  await flush();
  assert.deepEqual(await safe(), [false, false], 'somebody has not');
});

test('an old secret that never was used is safe once the new one is in use', async () => {
  const client = await register();
  const second = await client.add();
  await client.use(second.client_secret);
  await flush();
  const [, old] = await client.list();
  assert.deepEqual([old.safe_to_delete, old.use_count], [true, 0]);
});

test('the uses of a deleted client are gone with it', async () => {
  const client = await register();
  await client.use(client.first);
  await flush();
  const uses = () => JSON.stringify(storeRows(operated.service).secret_uses);
  assert.ok(uses().includes(client.id));
  await client.use(client.first);
  await call('DELETE', `${BRIDGE}/${client.id}`);
  await flush();
  assert.ok(!uses().includes(client.id), 'not even what was counted before and written after');
});

test('kill -9 loses at most what was not written yet, and never a secret', async () => {
  const client = await register();
  await client.use(client.first);
  await flush();
  await client.use(client.first);
  await operated.service.kill();
  operated = await operated.again();
  call = asPortal(operated.service);
  const [secret] = await client.list();
  assert.ok(secret.use_count >= 1 && secret.use_count <= 2);
  assert.equal(await client.use(client.first), true);
});

test('S-DOS-03: the check is one fast hash, whatever the number of secrets and wherever the right one is', () => {
  let hashed = 0;
  let compared = 0;
  const hash = (text: string) => {
    hashed += 1;
    return new Uint8Array(32).fill(text.length + (text.codePointAt(6) ?? 0));
  };
  const made = Array.from({ length: MAX_VALID_SECRETS }, (_, index) =>
    newSecret(() => new Uint8Array(32).fill(index + 1), hash, 0),
  );
  /** Counts each look at a stored hash. */
  const watched = (secret: Secret): Secret => ({
    ...secret,
    get hash() {
      compared += 1;
      return secret.hash;
    },
  });
  for (const count of [1, 2, MAX_VALID_SECRETS]) {
    const secrets = made.slice(0, count).map(({ secret }) => watched(secret));
    for (const presented of [...made.slice(0, count).map(({ value }) => value), 'wrong']) {
      [hashed, compared] = [0, 0];
      findSecret(secrets, presented, hash, 1);
      assert.deepEqual([hashed, compared], [1, count], 'one hash, and every stored one is looked at');
    }
  }
});
