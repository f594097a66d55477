/** A life of the process: first start, kill, restart, drain, and the starts that are refused. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { openExchange } from '../support/raw-http.ts';
import { startRedis } from '../support/redis.ts';
import { assertRefusesConnections } from '../support/refuses-connections.ts';
import {
  API_KEY,
  newKeyEncryptionKey,
  refusesToStart,
  startService,
  stopWhileStarting,
} from '../support/service.ts';
import { tempDir } from '../support/temp.ts';

const jwks = async ({ publicUrl }: { publicUrl: string }) =>
  (await send(`${publicUrl}/.well-known/jwks.json`)).text;

test('R-05: killed in the middle of work, it comes back with every client that it acknowledged, and the same keys', async () => {
  const directory = tempDir('kill');
  const first = await startService({ directory });
  const keys = await jwks(first);
  const acknowledged: Credentials[] = [];
  let creating = true;
  const worker = async () => {
    while (creating) {
      const answer = await portal(first)
        .create({ scope: 'read' })
        .catch(() => undefined);
      if (answer === undefined) return;
      assert.equal(answer.status, 201);
      acknowledged.push(answer.body);
    }
  };
  const workers = Array.from({ length: 8 }, worker);
  while (acknowledged.length < 50) await sleep(1);
  await first.kill();
  creating = false;
  await Promise.all(workers);

  const second = await startService({ directory, publicPort: first.publicPort });
  assert.equal(await jwks(second), keys);
  for (const client of acknowledged) assert.equal((await fetchToken(second, client)).status, 200);
  assert.equal(
    (await portal(second).read(acknowledged[0]?.client_id ?? '')).status,
    200,
    "the portal's key is the same",
  );
  assert.equal(await second.stop(), 0);
});

describe('SIGTERM', () => {
  /** Requests are held open here, however slow the machine: it is not their time that is tested. */
  const UNHURRIED = { REQUEST_DEADLINE_MS: '30000' };
  const half = `POST /bridge/local/clients HTTP/1.1\r\nHost: localhost\r\nX-API-KEY: ${API_KEY}\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n{"client_name":`;

  test('R-14: what is in flight is finished, nothing new is accepted, and it ends with 0 at once after', async () => {
    const directory = tempDir('drain');
    const service = await startService({ directory, env: UNHURRIED });
    const idle = await openExchange(service.publicUrl);
    idle.send('GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.notEqual((await idle.answer()).headers.get('connection'), 'close');
    const inFlight = await openExchange(service.managementUrl);
    inFlight.send(half);
    await hasReadWhatCame(service);

    process.kill(service.pid, 'SIGTERM');
    await eventually(async () => {
      const readiness = await send(`${service.opsUrl}/readyz`);
      assert.deepEqual([readiness.status, readiness.body.status], [503, 'draining']);
    }, 2000);
    await idle.closed();
    for (const url of [service.publicUrl, service.managementUrl]) await assertRefusesConnections(url, 1000);

    const finishing = performance.now();
    inFlight.send('"so late"}');
    const answer = await inFlight.answer();
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.headers.get('connection'), 'close');
    await inFlight.closed();
    assert.equal(await service.ended(), 0);
    // Far from the 10 s that it would wait for a connection that nobody closes.
    assert.ok(performance.now() - finishing < 5000, `${performance.now() - finishing} ms`);
    const said = service.output.map((line) => JSON.parse(line).msg);
    assert.deepEqual(
      said.filter((msg) => msg === 'draining' || msg === 'stopped'),
      ['draining', 'stopped'],
    );

    const again = await startService({ directory, publicPort: service.publicPort });
    assert.equal((await portal(again).read(answer.body.client_id)).body.client_name, 'so late');
    await again.stop();
  });

  for (const workers of [1, 2]) {
    test(`one that comes while it starts is not lost: it ends with 0, and the next start finds all in order (workers: ${workers})`, async (t) => {
      const env: Record<string, string> = { KEY_ENCRYPTION_KEY: newKeyEncryptionKey() };
      if (workers > 1) {
        const redis = await startRedis();
        t.after(() => redis.stop());
        Object.assign(env, { WORKERS: String(workers), STORE_URL: redis.url });
      }
      const isOpening = (start: { directory: string }) => existsSync(join(start.directory, 'keys'));
      const { code, output, directory } = await stopWhileStarting(env, isOpening);
      assert.equal(code, 0, output);
      assert.match(output, /"msg":"stopped"/);
      const again = await startService({ directory, env });
      assert.equal((await portal(again).create({})).status, 201);
      assert.equal(await again.stop(), 0);
    });
  }

  test('what never finishes is cut after the drain timeout, and it still ends with 0', async () => {
    const service = await startService({ env: { DRAIN_TIMEOUT_MS: '200' } });
    const hanging = await openExchange(service.managementUrl);
    hanging.send(half);
    await hasReadWhatCame(service);
    const began = performance.now();
    assert.equal(await service.stop(), 0);
    const took = performance.now() - began;
    assert.ok(took >= 190 && took < 4000, `${took} ms`);
    await hanging.closed();
  });

  test('a second signal ends it at once, and the echo of the first one does not', async () => {
    const service = await startService({ env: UNHURRIED });
    const hanging = await openExchange(service.managementUrl);
    hanging.send(half);
    await hasReadWhatCame(service);
    // Both at once, as the service sees it: what comes soon after the first signal is its echo.
    for (const signal of ['SIGSTOP', 'SIGTERM', 'SIGINT', 'SIGCONT'] as const)
      process.kill(service.pid, signal);
    await eventually(async () => assert.ok(service.output.some((line) => line.includes('"draining"'))), 5000);
    await sleep(1200);
    assert.equal((await send(`${service.opsUrl}/livez`)).status, 200, 'it goes on draining');
    assert.ok(!service.output.some((line) => line.includes('"stopped"')));
    const began = performance.now();
    assert.equal(await service.stop(), 1);
    assert.ok(performance.now() - began < 4000);
    hanging.abort();
  });
});

/** It reads what came before it answers what came after, or in the same turn. */
async function hasReadWhatCame({ opsUrl }: { opsUrl: string }): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) assert.equal((await send(`${opsUrl}/livez`)).status, 200);
}

test('the first start tells the key of its portal once; the second tells none, and the key still works', async () => {
  const directory = tempDir('first-start');
  const env = { BOOTSTRAP_PORTAL: undefined };
  const first = await startService({ directory, env });
  const told = first.output.join('\n').match(/dcrk_\w+/g) ?? [];
  assert.equal(new Set(told).size, 1, first.output.join('\n'));
  const [key = ''] = told;
  assert.equal((await portal(first, { key }).create()).status, 201);
  const lines = first.output.filter((line) => line.startsWith('{')).join('\n');
  assert.ok(!lines.includes(key), 'it is on the screen, not in the log');
  assert.equal(await first.stop(), 0);

  const second = await startService({ directory, env });
  assert.ok(!second.output.join('\n').includes('dcrk_'));
  assert.equal((await portal(second, { key }).create()).status, 201);
  assert.equal(await second.stop(), 0);
});

describe('a start that is refused', () => {
  test('F-20: with a wrong key-encryption key: exit code 1, which key it was and what to set; nothing is changed', async () => {
    const directory = tempDir('wrong-kek');
    const right = newKeyEncryptionKey();
    const wrong = newKeyEncryptionKey();
    const service = await startService({ directory, env: { KEY_ENCRYPTION_KEY: right } });
    const keys = await jwks(service);
    const client: Credentials = (await portal(service).create()).body;
    await service.stop();

    const assertRefused = async (env: Record<string, string>) => {
      const { code, output } = await refusesToStart({ directory, env });
      assert.equal(code, 1, output);
      assert.match(
        output,
        /sealed under the key-encryption key with the id [\w-]{11}; .* id [\w-]{11}\. Set KEY_ENCRYPTION_KEY/,
      );
      assert.ok(!output.includes(wrong) && !output.includes(right));
      assert.doesNotMatch(output, /^\s+at /m, 'no stack');
    };
    await assertRefused({ KEY_ENCRYPTION_KEY: wrong });
    rmSync(join(directory, 'keys'), { recursive: true });
    await assertRefused({ KEY_ENCRYPTION_KEY: wrong });

    const again = await startService({
      directory,
      publicPort: service.publicPort,
      env: { KEY_ENCRYPTION_KEY: right },
    });
    assert.equal(await jwks(again), keys);
    assert.equal((await fetchToken(again, client)).status, 200);
    await again.stop();
  });

  test('where a port is taken: exit code 1, and the address; the listeners that were free are free again', async (t) => {
    const blocker = createServer().listen(0, '127.0.0.1');
    t.after(() => blocker.close());
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    for (const listener of ['PUBLIC_LISTEN', 'MANAGEMENT_LISTEN', 'OPS_LISTEN']) {
      const began = performance.now();
      const { code, output } = await refusesToStart({ env: { [listener]: `127.0.0.1:${port}` } });
      assert.equal(code, 1, output);
      assert.match(
        output,
        new RegExp(
          `can't start: .*127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\): stop .* or set (?:PUBLIC|MANAGEMENT|OPS)_LISTEN`,
        ),
      );
      assert.ok(performance.now() - began < 10_000);
    }
  });

  test('where the store can not be: exit code 1 and why', async () => {
    const file = join(tempDir('no-store'), 'a-file');
    writeFileSync(file, '');
    const { code, output } = await refusesToStart({ env: { STORE_URL: `sqlite:${file}/store.db` } });
    assert.equal(code, 1, output);
    assert.match(output, /can't start: .*a-file\/store\.db can't be opened as the store \(\w+\): /);
  });

  test('with a wrong configuration: exit code 2, and every problem', async () => {
    const { code, output } = await refusesToStart({
      env: { LOG_LEVEL: 'loud', DRAIN_TIMEOUT_MS: 'soon', WORKERS: '3' },
    });
    assert.equal(code, 2, output);
    for (const name of ['LOG_LEVEL', 'DRAIN_TIMEOUT_MS', 'WORKERS'])
      assert.match(output, new RegExp(`^${name}: `, 'm'));
  });
});
