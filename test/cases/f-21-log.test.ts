/**
 * F-21: nobody reads the log, or its disk is full. The service goes on as if they did, says what was lost when
 * it can, and ends when it is told to.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { endWithProcess } from '../support/end-with-process.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis.ts';
import { API_KEY, startService, type TestService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');
const AT_ONCE = 32;
/** Of some 200 bytes each: more than a pipe, its reader's buffer and what may wait here hold together. */
const MANY_LINES = 7500;
/** Beside other work; a service that waited for its log would never answer. */
const ANSWERED_WITHIN_MS = 5000;
/** Its drain has nothing to wait for. */
const ENDS_WITHIN_MS = 10_000;

/** Each is one line of the log. */
async function manyLines({ publicUrl }: TestService, lines: number): Promise<void> {
  const url = `${publicUrl}/.well-known/jwks.json`;
  for (let sent = 0; sent < lines; sent += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => send(url)));
  }
}

async function getsTokens(service: Pick<TestService, 'publicUrl'>, client: Credentials): Promise<void> {
  for (let time = 0; time < 20; time += 1) {
    const began = performance.now();
    assert.equal((await fetchToken(service as TestService, client)).status, 200);
    assert.ok(performance.now() - began < ANSWERED_WITHIN_MS);
  }
}

async function linesLost({ opsUrl }: Pick<TestService, 'opsUrl'>): Promise<number> {
  const { text } = await send(`${opsUrl}/metrics`);
  return Number(/^dcr_bridge_log_lines_lost_total (\d+)$/m.exec(text)?.[1]);
}

test('F-21, S-LOG-09: while nobody reads the log tokens go on and no more than a bound waits; read again it says what it lost', async () => {
  const service = await startService({ env: { LOG_LEVEL: 'trace' } });
  const { body: client } = await portal(service).create({ scope: 'read' });
  assert.equal(await linesLost(service), 0);

  service.stopReading();
  await manyLines(service, MANY_LINES);
  const full = await linesLost(service);
  assert.ok(full > 0, 'all of it waits in memory');
  await getsTokens(service, client);
  await manyLines(service, 10 * AT_ONCE);
  const lost = await linesLost(service);
  assert.ok(lost >= full + 20 + 10 * AT_ONCE, 'what is beyond the bound waits all the same');

  service.readOn();
  await eventually(async () => {
    const told = service.output.map((line) => JSON.parse(line)).filter((line) => 'lines_lost' in line);
    assert.equal(told.length, 1);
    // The line of the last question may have been lost too.
    assert.ok(told[0].lines_lost - lost <= 1 && told[0].lines_lost >= lost, `${told[0].lines_lost}, ${lost}`);
  }, 10_000);
  const times = service.output.map((line) => JSON.parse(line).time);
  assert.deepEqual(times, [...times].sort());
  assert.equal(await service.stop(), 0);
  assert.match(service.output.at(-1) ?? '', /"msg":"stopped"/);
});

for (const workers of [1, 2]) {
  test(`F-21: whose log nobody reads serves and ends when it is told to (${workers} in all)`, async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const env = { LOG_LEVEL: 'trace', STORE_URL: redis.url, WORKERS: String(workers) };
    const service = await startService({ env });
    t.after(() => service.kill());
    const { body: client } = await portal(service).create({ scope: 'read' });
    service.stopReading();
    await manyLines(service, MANY_LINES);
    assert.ok((await linesLost(service)) > 0);
    await getsTokens(service, client);
    const began = performance.now();
    process.kill(service.pid, 'SIGTERM');
    const code = await Promise.race([service.ended(), late()]);
    assert.equal(code, 0, `after ${Math.round(performance.now() - began)} ms`);
  });
}

test('F-21, S-LOG-09: whose log finds its disk full serves from the start to the end', async () => {
  const directory = tempDir('log-full');
  const [publicPort, managementPort, opsPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const service = {
    publicUrl: url(publicPort),
    managementUrl: url(managementPort),
    opsUrl: url(opsPort),
  } as TestService;
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [CLI, 'serve'], {
    stdio: ['ignore', full, 'inherit'],
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      ISSUER: url(publicPort),
      PUBLIC_LISTEN: `127.0.0.1:${publicPort}`,
      MANAGEMENT_LISTEN: `127.0.0.1:${managementPort}`,
      OPS_LISTEN: `127.0.0.1:${opsPort}`,
      STORE_URL: `sqlite:${join(directory, 'store.db')}`,
      KEYS_DIR: join(directory, 'keys'),
      BOOTSTRAP_PORTAL: `test:${API_KEY}`,
      LOG_LEVEL: 'trace',
    },
  });
  endWithProcess(child);
  closeSync(full);
  const exit = once(child, 'exit');
  try {
    await eventually(async () => assert.equal((await send(`${service.opsUrl}/readyz`)).status, 200), 10_000);
    const { body: client } = await portal(service).create({ scope: 'read' });
    await getsTokens(service, client);
    await manyLines(service, MANY_LINES);
    assert.ok((await linesLost(service)) > 0);
    await getsTokens(service, client);
    child.kill('SIGTERM');
    const [code] = await Promise.race([exit, late().then((late) => [late])]);
    assert.equal(code, 0);
  } finally {
    child.kill('SIGKILL');
  }
});

function late(): Promise<string> {
  return new Promise((done) => {
    setTimeout(() => done('still runs'), ENDS_WITHIN_MS).unref();
  });
}
