/** An operator looks at any portal's clients and manages them while the service runs. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Credentials, fetchToken, portal } from '../support/bridge.ts';
import type { TestService } from '../support/service.ts';
import { type Operator, startWithOperator } from './support.ts';

let service: TestService;
let clients: Operator['command'];
let done: Operator['done'];
before(async () => {
  ({ service, command: clients, done } = await startWithOperator('clients'));
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

async function registered(client_name: string): Promise<Credentials> {
  return (await portal(service).create({ client_name, scope: 'read' })).body;
}

test('list shows every client of a portal, past the first page too', async () => {
  assert.deepEqual(await done('list', 'test'), { clients: [] });
  assert.equal((await clients('list', 'test')).stdout, 'There are no clients.\n');
  const made = await Promise.all(Array.from({ length: 101 }, (_, index) => registered(`n${index}`)));
  const { clients: rows } = await done('list', 'test');
  assert.deepEqual(
    rows.map(({ client_id }: Credentials) => client_id).sort(),
    made.map(({ client_id }) => client_id).sort(),
  );
  assert.deepEqual(await done('list', 'test', 'elsewhere'), { clients: [] });
  const { stdout } = await clients('list', 'test');
  assert.match(stdout, /^CLIENT_ID +STATE +CREATED_AT +CLIENT_NAME\n/);
  assert.match(stdout, /^cl_\S+ +active +\d{4}-\d\d-\d\dT\S+ +n100$/m);
});

test('list of a portal that is not there: exit code 1, and says so, for a program too', async () => {
  for (const words of [
    ['list', 'nobody'],
    ['list', 'nobody', 'local', '--json'],
  ]) {
    const { code, stdout, stderr } = await clients(...words);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(
      stderr,
      'dcr-bridge clients list: there is no portal nobody; portals list shows those there are\n',
    );
  }
});

test('show tells what is kept of a client, and nothing of what its secrets are', async () => {
  const { client_id, client_secret } = await registered('shown');
  const shown = await done('show', client_id);
  assert.deepEqual(
    [shown.client_id, shown.portal, shown.provider, shown.state, shown.metadata.client_name],
    [client_id, 'test', 'local', 'active', 'shown'],
  );
  assert.deepEqual(Object.keys(shown.secrets[0]).sort(), ['created_at', 'expires_at', 'secret_id']);
  const { stdout } = await clients('show', client_id);
  assert.match(stdout, /^portal: test$/m);
  assert.ok(!stdout.includes(client_secret.slice(5)) && !/hash|sealed/.test(stdout));
});

test('S-MGT-05: a disabled client gets no token and no portal lifts that; enabled it is as it was', async () => {
  const client = await registered('closing');
  assert.equal((await done('disable', client.client_id)).state, 'disabled');
  assert.equal((await fetchToken(service, client)).status, 401);
  const rotated = await portal(service).rotate(client.client_id);
  assert.equal((await fetchToken(service, { ...client, ...rotated.body })).status, 401);
  assert.equal((await done('disable', client.client_id)).state, 'disabled', 'once more changes nothing');
  assert.equal((await done('enable', client.client_id)).state, 'active');
  assert.equal((await fetchToken(service, { ...client, ...rotated.body })).status, 200);
});

test('a deleted client is gone for its portal at once', async () => {
  const client = await registered('ending');
  assert.deepEqual(await done('delete', client.client_id), { client_id: client.client_id, deleted: true });
  assert.equal((await portal(service).read(client.client_id)).status, 404);
  assert.equal((await fetchToken(service, client)).status, 401);
});

test('a client that is not there: exit code 1, and says so', async () => {
  for (const id of ['cl_1cTLxJdKtEmBtCkLYIHRDG', '__proto__']) {
    const ran = await Promise.all(['show', 'disable', 'enable', 'delete'].map((act) => clients(act, id)));
    for (const { code, stdout, stderr } of ran) {
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^dcr-bridge clients \w+: there is no client of this id\n$/);
    }
  }
});
