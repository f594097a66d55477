/** An operator manages portals while the service runs: each act holds for the next request. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Answer, portal, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { type Operator, run, startWithOperator } from './support.ts';

let service: TestService;
let env: Operator['env'];
let portals: Operator['command'];
let done: Operator['done'];
before(async () => {
  ({ service, env, command: portals, done } = await startWithOperator('portals'));
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

const status = async (key: string): Promise<number> => (await portal(service, { key }).create({})).status;

test('add prints a key that works at once, once', async () => {
  const { code, stdout, stderr } = await portals('add', 'acme-portal');
  assert.deepEqual([code, stderr], [0, '']);
  const key =
    /^portal: acme-portal\napi_key: (dcrk_[0-9A-Za-z]{43})\n$/.exec(stdout)?.[1] ?? assert.fail(stdout);
  assert.equal(await status(key), 201);
  const again = await portals('add', 'acme-portal');
  assert.deepEqual([again.code, again.stdout], [1, '']);
  assert.match(again.stderr, /portal acme-portal exists already; roll-key gives it a new key/);
  assert.equal(await status(key), 201, 'and changed nothing');
});

test('S-TEN-06: roll-key refuses the old key at once, or keeps it for an overlap', async () => {
  const { api_key: first } = await done('add', 'rolling');
  const { portal: name, api_key: second } = await done('roll-key', 'rolling');
  assert.equal(name, 'rolling');
  assert.deepEqual([await status(first), await status(second)], [401, 201]);
  const { api_key: third } = await done('roll-key', 'rolling', '3600');
  assert.deepEqual([await status(first), await status(second), await status(third)], [401, 201, 201]);
  const { api_key: fourth } = await done('roll-key', 'rolling', '1');
  await eventually(async () => {
    assert.deepEqual(await Promise.all([second, third, fourth].map(status)), [401, 401, 201]);
  }, 3000);
  const { portals: rows } = await done('list');
  const { keys } = rows.find(({ name }: { name: string }) => name === 'rolling') ?? assert.fail();
  assert.equal(keys, 1, 'a key that has ended is none');
});

test('issue-token prints a token that registers as many clients as it says, and does nothing else', async () => {
  await done('add', 'issuing');
  const printed = await done('issue-token', 'issuing', '2', '60');
  const { initial_access_token: token, ...rest } = printed;
  assert.deepEqual(rest, { portal: 'issuing', uses: 2, seconds: 60 });
  const register = async () =>
    (
      await send(`${service.publicUrl}/oauth2/register`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{}',
      })
    ).status;
  assert.deepEqual([await register(), await register(), await register()], [201, 201, 401]);
  const once = await done('issue-token', 'issuing');
  assert.deepEqual([once.uses, once.seconds], [1, 3600]);
  assert.equal(await status(once.initial_access_token), 401, 'it is no key of the portal');
});

test('disable refuses a portal at once, enable takes it back, its clients are as they were', async () => {
  const { api_key: key } = await done('add', 'closing');
  const { body }: Answer = await portal(service, { key }).create({ client_name: 'kept' });
  assert.deepEqual(await done('disable', 'closing'), { portal: 'closing', state: 'disabled' });
  assert.equal(await status(key), 401);
  assert.deepEqual(await done('enable', 'closing'), { portal: 'closing', state: 'active' });
  assert.equal((await portal(service, { key }).read(body.client_id)).body.client_name, 'kept');
});

test('list shows the portals and no key', async () => {
  const { api_key: key } = await done('add', 'listed');
  const { portals: rows } = await done('list');
  const row = rows.find(({ name }: { name: string }) => name === 'listed');
  assert.deepEqual({ ...row, created_at: '' }, { name: 'listed', state: 'active', created_at: '', keys: 1 });
  assert.ok(Math.abs(Date.parse(row.created_at) - Date.now()) < 60_000);
  assert.ok(!JSON.stringify(rows).includes(key.slice(5)));
  const { stdout } = await portals('list');
  assert.match(stdout, /^NAME +STATE +CREATED_AT +KEYS\n/);
  assert.match(stdout, /^listed +active +\d{4}-\d\d-\d\dT\S+ +1$/m);
});

test('a portal that is not there: exit code 1 and what to do', async () => {
  for (const { code, stdout, stderr } of await Promise.all(
    ['roll-key', 'issue-token', 'disable', 'enable'].map((act) => portals(act, 'nobody')),
  )) {
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /there is no portal nobody; portals list shows those there are/);
  }
});

test('a portal may be added before the first start, and works after it', async () => {
  const cwd = tempDir('before-start');
  const { code, stdout, stderr } = await run(['portals', 'add', 'early', '--json'], {
    cwd,
    env: { STORE_URL: `sqlite:${cwd}/store.db`, KEYS_DIR: `${cwd}/keys` },
  });
  assert.deepEqual([code, stderr], [0, '']);
  const started = await startService({ directory: cwd });
  assert.equal((await portal(started, { key: JSON.parse(stdout).api_key }).create({})).status, 201);
  await started.stop();
});

test('with another key-encryption key than the service: exit code 1, and no key that would open nothing', async () => {
  const other = { ...env, KEY_ENCRYPTION_KEY: newKeyEncryptionKey() };
  const attempts = [['add', 'mistaken'], ['roll-key', 'listed'], ['list']].map((words) =>
    run(['portals', ...words], { cwd: service.directory, env: other }),
  );
  for (const { code, stdout, stderr } of await Promise.all(attempts)) {
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^dcr-bridge portals: The key ring in .* is sealed under the key-encryption key/);
  }
  const { portals: rows } = await done('list');
  assert.ok(!rows.some(({ name }: { name: string }) => name === 'mistaken'));
});

test('a store that does not answer: exit code 1, soon, and no stack', async () => {
  const { code, stdout, stderr } = await run(['portals', 'list'], {
    cwd: service.directory,
    env: { ...env, STORE_URL: 'redis://127.0.0.1:1' },
  });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^dcr-bridge portals: store unavailable/m);
  assert.doesNotMatch(stderr, /^\s+at /m);
});
