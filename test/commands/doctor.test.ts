/** What an operator hears from `doctor`: beside a service, before one, and when something is wrong. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Finding } from '../../src/lib/finding.ts';
import { DOMAIN } from '../support/domain.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { run } from './support.ts';

/** Of a command that itself takes a part of a second to start. */
const BOUND_MS = 10_000;

/** Free, whatever else runs on this machine. */
const ANY_PORT = {
  PUBLIC_LISTEN: '127.0.0.1:0',
  MANAGEMENT_LISTEN: '127.0.0.1:0',
  OPS_LISTEN: '127.0.0.1:0',
};

const { '*': everyPortal } = DOMAIN.portals;
const CONFIG = { ...DOMAIN, portals: { '*': everyPortal } };

interface Examined {
  readonly code: number | null;
  readonly ms: number;
  readonly checks: readonly Finding[];
  of(check: string): readonly (readonly [result: string, found: string, remedy: string])[];
}

async function doctor(directory: string, env: Readonly<Record<string, string>>): Promise<Examined> {
  const began = performance.now();
  const { code, stdout, stderr } = await run(['doctor', '--json'], { cwd: directory, env });
  assert.equal(stderr, '');
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly Finding[] };
  for (const { result, found, remedy } of checks) {
    assert.ok(found !== '');
    assert.equal(remedy === '', result === 'ok', `${found} → ${remedy}`);
  }
  assert.equal(code, checks.some(({ result }) => result === 'failed') ? 1 : 0);
  return {
    code,
    ms: performance.now() - began,
    checks,
    of: (check) =>
      checks.filter((one) => one.check === check).map(({ result, found, remedy }) => [result, found, remedy]),
  };
}

/** Every file below with its mode, its time of change and its bytes. */
function snapshot(directory: string): readonly string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return names.map((name) => {
    const path = join(directory, name);
    const { mode, mtimeMs } = statSync(path);
    const bytes = statSync(path).isFile() ? readFileSync(path) : '';
    return `${name} ${mode.toString(8)} ${mtimeMs} ${createHash('sha256').update(bytes).digest('hex')}`;
  });
}

/** A service that has a store of its own, and what a command needs to look at it. */
async function aService(): Promise<{ service: TestService; directory: string; env: Record<string, string> }> {
  const directory = tempDir('doctor');
  const KEY_ENCRYPTION_KEY = newKeyEncryptionKey();
  const [management, ops] = [await freePort(), await freePort()];
  const listen = { MANAGEMENT_LISTEN: `127.0.0.1:${management}`, OPS_LISTEN: `127.0.0.1:${ops}` };
  const service = await startService({
    directory,
    config: CONFIG,
    env: { KEY_ENCRYPTION_KEY, ...listen },
  });
  const env = {
    KEY_ENCRYPTION_KEY,
    ...listen,
    ISSUER: service.issuer,
    PUBLIC_LISTEN: `127.0.0.1:${service.publicPort}`,
    STORE_URL: `sqlite:${directory}/store.db`,
    KEYS_DIR: `${directory}/keys`,
    CONFIG_FILE: `${directory}/test-config.json`,
  };
  return { service, directory, env };
}

describe('doctor beside a service on the embedded store', () => {
  test('finds everything well, changes nothing, and says so again when the service has ended or was killed', async () => {
    const { service, directory, env } = await aService();
    const beside = await doctor(directory, env);
    assert.equal(beside.code, 0);
    assert.deepEqual(
      beside.checks.filter(({ result, check }) => result !== 'ok' && check !== 'NTP'),
      [],
    );
    assert.match(beside.of('public listener').join(), /served by this issuer/);
    assert.match(beside.of('management listener').join(), /served/);
    assert.match(beside.of('ops listener').join(), /live and ready/);
    assert.match(beside.of('issuer').join(), /publishes the 4 keys of the ring/);
    assert.match(beside.of('key ring').join(), /version 1 in the store and in KEYS_DIR/);
    assert.match(beside.of('store durability').join(), /WAL/);
    assert.match(beside.of('store integrity').join(), /quick_check: ok/);
    assert.match(beside.of('signing key RS256').join(), /; the next signs from \d{4}-/);
    assert.match(beside.of('portals').join(), /1 in the store/);

    await service.kill();
    // SQLite keeps its index of a WAL in -shm, which is remade by whoever opens the file.
    const kept = () => snapshot(directory).filter((line) => !line.startsWith('store.db-shm'));
    const killed = kept();
    assert.ok(killed.some((line) => line.startsWith('store.db-wal')));
    assert.equal((await doctor(directory, env)).code, 0);
    assert.deepEqual(kept(), killed);

    const again = await startService({
      directory,
      config: CONFIG,
      publicPort: service.publicPort,
      env,
    });
    assert.equal(await again.stop(), 0);
    const ended = snapshot(directory);
    const after = await doctor(directory, env);
    assert.equal(after.code, 0);
    assert.match(after.of('ops listener').join(), /free, the service does not run here/);
    assert.deepEqual(snapshot(directory), ended, 'not even a -wal is made');
  });

  test('a person gets a table, with what to do under the row', async () => {
    const directory = tempDir('doctor');
    const { code, stdout } = await run(['doctor'], { cwd: directory, env: ANY_PORT });
    assert.equal(code, 0);
    assert.match(stdout, /^ok {7}configuration +valid\n/);
    assert.match(stdout, /\nwarning {2}store +there is no .*\n +→ the first start makes it/);
    assert.match(stdout, /\n\d+ ok, \d+ to look at, 0 failed\n$/);
    assert.deepEqual(readdirSync(directory), [], 'no store and no key is made');
  });

  test('words that it does not know are wrong usage', async () => {
    const { code, stdout } = await run(['doctor', 'now'], { cwd: tempDir('doctor') });
    assert.deepEqual([code, stdout], [2, '']);
  });
});

describe('doctor finds what is wrong with the keys', () => {
  test('S-KEY-01, S-KEY-07: another key-encryption key, files that others read, a store without its ring', async () => {
    const { service, directory, env } = await aService();
    assert.equal(await service.stop(), 0);
    const ring = join(directory, 'keys/ring.json');

    const wrong = await doctor(directory, { ...env, KEY_ENCRYPTION_KEY: newKeyEncryptionKey() });
    const [[result, found, remedy] = []] = wrong.of('key ring');
    assert.equal(result, 'failed');
    assert.match(found ?? '', /is sealed under the key-encryption key with the id/);
    assert.match(remedy ?? '', /Set KEY_ENCRYPTION_KEY to the key that the ring is sealed under/);

    chmodSync(ring, 0o644);
    const before = snapshot(directory);
    const open = await doctor(directory, env);
    assert.match(open.of('keys directory').join(), /^failed,.*can be reached by other users.*chmod 600/);
    assert.deepEqual(snapshot(directory), before, 'it closes nothing itself');
    chmodSync(ring, 0o600);

    chmodSync(join(directory, 'keys'), 0o755);
    assert.match(
      (await doctor(directory, env)).of('keys directory').join(),
      /^warning,other users can look into.*chmod 700/,
    );
    assert.equal(statSync(join(directory, 'keys')).mode & 0o777, 0o755);
    chmodSync(join(directory, 'keys'), 0o700);

    const elsewhere = { ...env, STORE_URL: `sqlite:${directory}/other.db` };
    assert.match((await doctor(directory, elsewhere)).of('key ring').join(), /the store's could not be seen/);
    rmSync(ring);
    assert.match((await doctor(directory, env)).of('key ring').join(), /^ok,.*no copy in KEYS_DIR yet/);
  });

  test('S-KEY-11: a copy that is older than the store is told, and a store that is older than the copy', async () => {
    const { service, directory, env } = await aService();
    assert.equal(await service.stop(), 0);
    const [ring, store] = [join(directory, 'keys/ring.json'), join(directory, 'store.db')];
    copyFileSync(ring, `${directory}/ring-before.json`);
    copyFileSync(store, `${directory}/store-before.db`);
    assert.equal((await run(['keys', 'announce', 'RS256'], { cwd: directory, env })).code, 0);

    const announced = await doctor(directory, env);
    assert.match(announced.of('key ring').join(), /version 2 in the store and in KEYS_DIR/);
    const newer = readFileSync(ring);
    copyFileSync(`${directory}/ring-before.json`, ring);
    assert.match(
      (await doctor(directory, env)).of('key ring').join(),
      /^warning,version 2 in the store, 1 in/,
    );
    writeFileSync(ring, newer);
    copyFileSync(`${directory}/store-before.db`, store);
    assert.match(
      (await doctor(directory, env)).of('key ring').join(),
      /^failed,the store holds version 1,.* the newer 2/,
    );
  });

  test('a tainted key and an algorithm without a key are told', async () => {
    const { service, directory, env } = await aService();
    assert.equal(await service.stop(), 0);
    assert.equal((await run(['keys', 'taint', 'RS256'], { cwd: directory, env })).code, 0);
    assert.match((await doctor(directory, env)).of('tainted key').join(), /^warning,.*\(RS256\) since/);
    const file = JSON.parse(readFileSync(env.CONFIG_FILE ?? '', 'utf8'));
    for (const resource of Object.values<Record<string, unknown>>(file.resources))
      resource.signing_alg = 'ML-DSA-44';
    writeFileSync(env.CONFIG_FILE ?? '', JSON.stringify(file));
    assert.deepEqual((await doctor(directory, env)).of('signing key ML-DSA-44'), [
      ['failed', 'there is none', 'run dcr-bridge keys announce ML-DSA-44'],
    ]);
  });
});

test('F-18: a damaged database file is told by its own check', async () => {
  const { service, directory, env } = await aService();
  assert.equal(await service.stop(), 0);
  const file = join(directory, 'store.db');
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4096 * 3, 4096 * 6);
  writeFileSync(file, bytes);
  const { code, of } = await doctor(directory, env);
  assert.equal(code, 1);
  assert.match(of('store integrity').join(), /^failed,.*restore the file/);
});

describe('doctor looks at Redis', () => {
  const directory = tempDir('doctor');
  const KEY_ENCRYPTION_KEY = newKeyEncryptionKey();
  const settings = { KEY_ENCRYPTION_KEY, KEYS_DIR: join(directory, 'keys') };

  test('set up as it should be, and as it should not; its file stays as it is', async () => {
    const redis = await startRedis({ appendfsync: 'always', args: ['--maxmemory-policy', 'noeviction'] });
    try {
      const env = { ...settings, ...ANY_PORT, STORE_URL: redis.url };
      const service = await startService({ directory, env: { ...settings, STORE_URL: redis.url } });
      assert.equal(await service.stop(), 0);
      const before = snapshot(redis.dir);
      const sound = await doctor(directory, { ...env, REQUIRE_DURABLE_STORE: 'true' });
      assert.equal(sound.code, 0);
      assert.match(sound.of('store durability').join(), /appendfsync always/);
      assert.match(sound.of('store eviction').join(), /noeviction/);
      assert.match(sound.of('clock').join(), /in step with Redis/);
      assert.match(sound.of('key ring').join(), /version 1 in the store and in KEYS_DIR/);
      assert.deepEqual(snapshot(redis.dir), before);

      await redis.command('CONFIG', 'SET', 'appendfsync', 'everysec');
      const everysec = await doctor(directory, env);
      assert.equal(everysec.code, 0);
      assert.match(everysec.of('store durability').join(), /^warning,.*everysec.*set "appendfsync always"/);
      const required = await doctor(directory, { ...env, REQUIRE_DURABLE_STORE: 'true' });
      assert.match(required.of('store durability').join(), /^failed,/);

      await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      assert.match((await doctor(directory, env)).of('store eviction').join(), /^failed,.*allkeys-lru/);

      await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await redis.command('CONFIG', 'SET', 'maxmemory', '1200000');
      assert.match((await doctor(directory, env)).of('store memory').join(), /^(warning|failed),/);
    } finally {
      await redis.kill();
    }
  });

  test('hung and down: each is told, in time, and the keys are looked at all the same', async () => {
    const redis = await startRedis();
    const elsewhere = tempDir('doctor');
    const nodeSettings = { KEY_ENCRYPTION_KEY, KEYS_DIR: join(elsewhere, 'keys'), STORE_URL: redis.url };
    const env = { ...nodeSettings, ...ANY_PORT };
    try {
      const service = await startService({ directory: elsewhere, env: nodeSettings });
      assert.equal(await service.stop(), 0);
      redis.pause();
      const hung = await doctor(directory, env);
      assert.equal(hung.code, 1);
      assert.ok(hung.ms < BOUND_MS, `${hung.ms} ms`);
      assert.match(hung.of('store').join(), /^failed,Redis can't be used:.*STORE_URL/);
      assert.match(hung.of('key ring').join(), /^warning,version 1 in/);
      redis.resume();
    } finally {
      await redis.kill();
    }
    const down = await doctor(directory, env);
    assert.equal(down.code, 1);
    assert.match(down.of('store').join(), /ECONNREFUSED/);
  });
});

describe('doctor looks at what is around', () => {
  test('an address that somebody else has, an issuer that nobody reaches, a provider that is down, any host name', async () => {
    const foreign = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(foreign, 'listening');
    const taken = `127.0.0.1:${(foreign.address() as AddressInfo).port}`;
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const directory = tempDir('doctor');
    const file = join(directory, 'config.json');
    const shipped = {
      ...CONFIG,
      portals: { '*': everyPortal, 'not-there': { providers: ['local', 'away'] } },
    };
    const away = {
      type: 'oidc',
      issuer: nobody,
      initial_access_token: '{env:IAT}',
      allow_insecure_loopback: true,
    };
    writeFileSync(file, JSON.stringify({ ...shipped, providers: { local: { type: 'local' }, away } }));
    try {
      const { of, code, ms } = await doctor(directory, {
        CONFIG_FILE: file,
        IAT: 'an-initial-access-token',
        ISSUER: 'https://auth.invalid',
        ALLOWED_HOSTS: '*',
        KEY_ENCRYPTION_KEY: newKeyEncryptionKey(),
        PUBLIC_LISTEN: taken,
        MANAGEMENT_LISTEN: '192.0.2.1:3001',
        OPS_LISTEN: '127.0.0.1:0',
      });
      assert.equal(code, 1);
      assert.ok(ms < BOUND_MS, `${ms} ms`);
      const [listener = [], hidden = []] = of('public listener');
      assert.deepEqual(listener.slice(0, 2), ['failed', `${taken}: something else answers there`]);
      assert.match(hidden.join(), /^warning,only this machine reaches it.*PUBLIC_LISTEN/);
      assert.match(of('management listener').join(), /^failed,.*EADDRNOTAVAIL.*MANAGEMENT_LISTEN/);
      assert.match(of('issuer').join(), /^warning,https:\/\/auth\.invalid.*ISSUER/);
      assert.match(of('provider away').join(), /^failed,.*run dcr-bridge providers check away/);
      assert.match(of('host names').join(), /^warning,.*ALLOWED_HOSTS/);
    } finally {
      foreign.close();
    }
  });

  test('portals that are disabled, and those that only the configuration knows', async () => {
    const { service, directory, env } = await aService();
    assert.equal((await run(['portals', 'disable', 'test'], { cwd: directory, env })).code, 0);
    const file = JSON.parse(readFileSync(env.CONFIG_FILE ?? '', 'utf8'));
    file.portals.absent = {};
    writeFileSync(env.CONFIG_FILE ?? '', JSON.stringify(file));
    const { of } = await doctor(directory, env);
    const said = of('portals').map((row) => row.join());
    assert.ok(
      said.some((row) => /^warning,disabled: test,run dcr-bridge portals enable/.test(row)),
      said.join('\n'),
    );
    assert.ok(
      said.some((row) => /^warning,in CONFIG_FILE only:.*absent/.test(row)),
      said.join('\n'),
    );
    await service.kill();
  });
});
