/** `docker-compose.yml`, as far as it can be shown without a Docker engine: by docker-compose's own schema. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { settings } from '../../src/config/settings.ts';
import { startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { type ComposeFile, composeService, PROJECT, readComposeFile } from './compose-file.ts';

const SECRETS = {
  REDIS_PASSWORD: '5f0c1d6e0a9b4c3d8e7f60718293a4b5c6d7e8f901234567',
  KEY_ENCRYPTION_KEY: newKeyEncryptionKey(),
  BOOTSTRAP_PORTAL: 'my-portal:dcrk_5f0c1d6e0a9b4c3d8e7f60718293a4b5c6d7e8f901234567',
};

function compose(env: Readonly<Record<string, string>> = SECRETS): ComposeFile {
  const read = readComposeFile(env);
  if (!read.ok) throw new Error(read.message);
  return read.file;
}

function checkConfig(env: Readonly<Record<string, string>>) {
  const cli = join(PROJECT, 'src/cli.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'config', 'check', '--json'], {
    cwd: tempDir('node'),
    env: { PATH: process.env.PATH, CONFIG_FILE: join(PROJECT, 'config/default.json'), ...env },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('each secret that is missing is named, with the command that makes one', () => {
  for (const [name, advice] of [
    ['REDIS_PASSWORD', 'make one with: openssl rand -hex 24'],
    ['KEY_ENCRYPTION_KEY', "make one with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='"],
    ['BOOTSTRAP_PORTAL', 'make one with: echo portal:dcrk_`openssl rand -hex 24`'],
  ] as const) {
    for (const env of [
      Object.fromEntries(Object.entries(SECRETS).filter(([key]) => key !== name)),
      { ...SECRETS, [name]: '' },
    ]) {
      const read = readComposeFile(env);
      assert.equal(read.ok, false, name);
      assert.ok(!read.ok && read.message.includes(advice), name);
    }
  }
});

test('two nodes differ in nothing but where their copy of the key ring is', () => {
  const { services } = compose();
  const [first, second] = [services['bridge-1'], services['bridge-2']];
  const asFirst = JSON.parse(JSON.stringify(second).replace('keys-2', 'keys-1'));
  assert.deepEqual(asFirst, first);
  assert.notDeepEqual(second, first);
});

test('a node takes its environment as it stands there, in development and with a real issuer', () => {
  for (const issuer of ['', 'https://auth.example.com']) {
    const { environment = {} } = composeService(compose({ ...SECRETS, ISSUER: issuer }), 'bridge-1');
    const known = Object.keys(settings).map((member) => member.toUpperCase());
    for (const name of Object.keys(environment)) assert.ok(known.includes(name), `${name} is no setting`);
    const { status, stdout, stderr } = checkConfig(environment);
    assert.equal(status, 0, stderr);
    // Redis is on a network of these containers alone.
    assert.deepEqual(JSON.parse(stdout).warnings, [
      'STORE_URL uses no TLS: what is stored can be read and changed on the way; use rediss://',
    ]);
  }
});

test('only the load balancer is reached from outside, and its management port only from this machine', () => {
  const { services, networks } = compose();
  const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => `${name} ${typeof port === 'string' ? port : `${port.published}:${port.target}`}`),
  );
  assert.deepEqual(published, ['load-balancer 3000:3000', 'load-balancer 127.0.0.1:3001:3001/tcp']);
  assert.deepEqual(Object.keys(composeService({ services, networks }, 'redis').networks), ['back']);
  assert.equal(networks.back?.internal, true);
  assert.deepEqual(Object.keys(composeService({ services, networks }, 'load-balancer').networks), ['front']);
});

test('C-17: no container may write to its image, gain privileges or run as root, and each comes back', () => {
  for (const [name, service] of Object.entries(compose().services)) {
    assert.equal(service.read_only, true, name);
    assert.deepEqual(service.cap_drop, ['ALL'], name);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    assert.equal(service.restart, 'unless-stopped', name);
    // The nodes' user is in their image: see dockerfile.test.ts.
    if (!name.startsWith('bridge-')) assert.notEqual(service.user ?? 'root', 'root', name);
  }
});

test('a node is given longer to stop than it takes to drain', () => {
  const { environment = {}, stop_grace_period = '' } = composeService(compose(), 'bridge-1');
  const graceMs = Number(/^(\d+)s$/.exec(stop_grace_period)?.[1]) * 1000;
  assert.ok(graceMs >= Number(environment.DRAIN_DELAY_MS) + Number(environment.DRAIN_TIMEOUT_MS) + 5000);
});

test('Redis, started by its command, is durable, wants the password and passes its health check', async () => {
  const { command = [], environment = {}, healthcheck } = composeService(compose(), 'redis');
  const [program, ...args] = command;
  assert.equal(program, 'redis-server');
  const dir = tempDir('redis');
  const redis = await startRedis({
    appendfsync: 'none',
    dir,
    password: SECRETS.REDIS_PASSWORD,
    args: args.map((arg) => (arg === '/data' ? dir : arg)),
  });
  try {
    for (const [name, value] of [
      ['appendonly', 'yes'],
      ['appendfsync', 'always'],
      ['maxmemory-policy', 'noeviction'],
    ] as const) {
      assert.equal(
        await redis.command('CONFIG', 'GET', name),
        `*2\r\n$${name.length}\r\n${name}\r\n$${value.length}\r\n${value}\r\n`,
      );
    }
    const [kind, check = ''] = healthcheck?.test ?? [];
    assert.equal(kind, 'CMD-SHELL');
    const healthy = (env: Readonly<Record<string, string>>) =>
      spawnSync('sh', ['-c', check.replace('redis-cli', `redis-cli -p ${redis.port}`)], {
        env: { PATH: process.env.PATH, ...env },
      }).status === 0;
    assert.equal(healthy(environment), true);
    assert.equal(healthy({}), false, 'without the password');
    await redis.stop();
    assert.equal(healthy(environment), false, 'when it is gone');
  } finally {
    await redis.kill();
  }
});

test('HAProxy accepts its configuration', () => {
  const { status, stderr } = spawnSync(
    '/usr/sbin/haproxy',
    ['-c', '-f', join(PROJECT, 'config/haproxy.cfg')],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /WARNING/);
});
