/**
 * F-11 with everything real: the service is killed with `kill -9` in mid-stream of creates and deletes at an
 * upstream provider that is a process of its own, over and over. Then both lists of clients are compared.
 * `FAULT_ROUNDS=500` for the long form.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../commands/support.ts';
import { type Answer, send } from '../../support/bridge.ts';
import { DOMAIN } from '../../support/domain.ts';
import { eventually } from '../../support/eventually.ts';
import { startRedis } from '../../support/redis.ts';
import { API_KEY, newKeyEncryptionKey, startService, type TestService } from '../../support/service.ts';
import { tempDir } from '../../support/temp.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 6);
const AT_ONCE = 6;
const GAP_MS = 25;
/** An intent whose process ended is left alone for 10 s; recovery comes every half second here. */
const SETTLED_MS = 60_000;
const KEY = { 'x-api-key': API_KEY };

interface Attempt {
  readonly key: string;
  /** Undefined: its answer never came. */
  id?: string;
  deleted?: boolean;
}

async function rounds(
  t: TestContext,
  env: Readonly<Record<string, string>>,
  { searchable = true } = {},
): Promise<void> {
  const upstream = await startUpstream({ delayMs: 15 });
  t.after(() => upstream.stop());
  const { issuer, search, initialAccessToken } = upstream;
  const acme = {
    type: 'oidc',
    issuer,
    ...(searchable ? { search } : {}),
    initial_access_token: '{env:IAT}',
    allow_insecure_loopback: true,
  };
  const config = {
    ...DOMAIN,
    providers: { ...DOMAIN.providers, acme },
    portals: { ...DOMAIN.portals, '*': { ...DOMAIN.portals['*'], providers: ['local', 'acme'] } },
  };
  const options = {
    config,
    directory: tempDir('upstream-kill'),
    env: {
      KEY_ENCRYPTION_KEY: newKeyEncryptionKey(),
      UPSTREAM_RECOVERY_MS: '500',
      IAT: initialAccessToken,
      ...env,
    },
  };
  let service: TestService | undefined;
  t.after(() => service?.kill());

  const attempts: Attempt[] = [];
  const clients = () => `${service?.managementUrl}/bridge/acme/clients`;
  async function create(attempt: Attempt): Promise<void> {
    const headers = { ...KEY, 'idempotency-key': attempt.key };
    const { status, body } = await call('POST', clients(), headers, { client_name: attempt.key });
    if (status === 201) attempt.id = String(body.client_id);
    else if (status !== 409 && status < 500) assert.fail(`${status} ${JSON.stringify(body)}`);
  }
  async function remove(attempt: Attempt): Promise<void> {
    const { status } = await call('DELETE', `${clients()}/${encodeURIComponent(attempt.id ?? '')}`, KEY);
    if (status === 202 || status === 204) attempt.deleted = true;
  }

  for (let round = 0; round < ROUNDS; round += 1) {
    service = await startService(options);
    const fresh = Array.from({ length: AT_ONCE }, (_, index): Attempt => ({ key: `${round}-${index}` }));
    const old = attempts.filter(({ id, deleted }) => id !== undefined && deleted !== true).slice(0, 2);
    attempts.push(...fresh);
    // One after the other, so that some are answered and others are not, however fast the machine is.
    const creates = fresh.map((attempt, index) => sleep(index * GAP_MS).then(() => create(attempt)));
    const running = Promise.allSettled([...creates, ...old.map(remove)]);
    await Promise.race(creates);
    await sleep(Math.random() * (AT_ONCE - 2) * GAP_MS);
    await service.kill();
    for (const outcome of await running) {
      if (outcome.status === 'rejected')
        assert.ok(!(outcome.reason instanceof assert.AssertionError), String(outcome.reason));
    }
  }

  service = await startService(options);
  const unanswered = attempts.filter(({ id }) => id === undefined);
  assert.ok(unanswered.length > 0, 'the service was never killed in mid-stream');
  if (!searchable) {
    await eventually(() => unsearched(options, attempts, clients(), upstream, service), SETTLED_MS);
    t.diagnostic(`${ROUNDS} rounds, ${attempts.length} creates, ${unanswered.length} unanswered`);
    await service.stop();
    return;
  }
  await eventually(async () => {
    await Promise.all(unanswered.filter(({ id }) => id === undefined).map(create));
    assert.ok(attempts.every(({ id }) => id !== undefined));
  }, SETTLED_MS);
  await eventually(async () => {
    const listed = await list(clients());
    const there = (await upstream.clients()).map(({ client_id }) => String(client_id));
    assert.deepEqual(listed.map(({ client_id }) => client_id).sort(), there.sort());
    const names = listed.map(({ client_name }) => client_name);
    assert.equal(new Set(names).size, names.length, 'no key has two clients');
    // A delete that was not answered may have been done.
    const kept = attempts.filter(({ deleted }) => deleted !== true);
    for (const { id, deleted } of attempts) if (deleted) assert.ok(!there.includes(id ?? ''), id);
    assert.ok(names.length <= kept.length);
    assert.ok(names.length >= kept.length - 2 * ROUNDS);
    assert.deepEqual(await openIntents(service), []);
  }, SETTLED_MS);
  t.diagnostic(`${ROUNDS} rounds, ${attempts.length} creates, ${unanswered.length} unanswered`);
  await service.stop();
}

/**
 * A provider that can't be searched: what was acknowledged is once here and there; whatever else is there is
 * on the list, by its marker, and there is at most one of it for each key.
 */
async function unsearched(
  { directory, env }: { readonly directory: string; readonly env: Readonly<Record<string, string>> },
  attempts: readonly Attempt[],
  clients: string,
  upstream: Upstream,
  service: TestService | undefined,
): Promise<void> {
  const here = (await list(clients)).map(({ client_id }) => String(client_id));
  const there = await upstream.clients();
  const ids = there.map(({ client_id }) => String(client_id));
  for (const id of here) assert.ok(ids.includes(id), `${id} is here and not there`);
  for (const { id, deleted } of attempts) {
    if (id !== undefined) assert.ok(!deleted || !ids.includes(id), id);
  }
  const listed = await run(['reconcile', 'list', '--json'], {
    cwd: service?.directory ?? directory,
    env: {
      STORE_URL: `sqlite:${join(directory, 'store.db')}`,
      KEYS_DIR: join(directory, 'keys'),
      CONFIG_FILE: join(directory, 'test-config.json'),
      ...env,
    },
  });
  const open: readonly Record<string, string>[] = JSON.parse(listed.stdout)['open operations'];
  assert.deepEqual(new Set(open.map(({ state }) => state)), new Set(open.length > 0 ? ['unknown'] : []));
  const markers = new Set(open.map(({ marker }) => marker));
  const spares = there.filter(({ client_id }) => !here.includes(String(client_id)));
  for (const { software_id } of spares) assert.ok(markers.has(String(software_id)), 'not on the list');
  const keys = spares.map(({ client_name }) => client_name);
  assert.equal(new Set(keys).size, keys.length, 'two spares of one key');
}

async function list(url: string): Promise<readonly Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  let cursor = '';
  do {
    const { status, body } = await call('GET', `${url}?limit=100${cursor}`, KEY);
    assert.equal(status, 200);
    all.push(...(body.clients as Record<string, unknown>[]));
    cursor = body.next_cursor === undefined ? '' : `&cursor=${body.next_cursor}`;
  } while (cursor !== '');
  return all;
}

function call(method: string, url: string, headers: Record<string, string>, body?: object): Promise<Answer> {
  if (body === undefined) return send(url, { method, headers });
  const json = { ...headers, 'content-type': 'application/json' };
  return send(url, { method, headers: json, body: JSON.stringify(body) });
}

/** The lines of the metric that are not 0. */
async function openIntents(service: TestService | undefined): Promise<readonly string[]> {
  const metrics = await (await fetch(`${service?.opsUrl}/metrics`)).text();
  const lines = metrics.split('\n').filter((line) => line.startsWith('dcr_bridge_upstream_intents{'));
  assert.equal(lines.length, 3);
  return lines.filter((line) => !line.endsWith(' 0'));
}

test('F-11, S-UP-01 killed over and over, the service on SQLite and its upstream agree in the end', (t) =>
  rounds(t, {}));

test('F-11 killed over and over, the service on Redis and its upstream agree in the end', async (t) => {
  const redis = await startRedis({ appendfsync: 'always' });
  t.after(() => redis.stop());
  await rounds(t, { STORE_URL: redis.url });
});

test('F-11 killed over and over at a provider that can not be searched, whatever nobody uses there is on the list', (t) =>
  rounds(t, {}, { searchable: false }));
