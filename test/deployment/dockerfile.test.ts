/** `config/Dockerfile`, as far as it can be shown without a Docker engine: its steps, and what comes of them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { send } from '../support/bridge.ts';
import { endWithProcess } from '../support/end-with-process.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { newKeyEncryptionKey } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { PROJECT } from './compose-file.ts';
import { ignorePatterns, isIgnored } from './docker-ignore.ts';
import { type BuiltImage, build } from './dockerfile.ts';

/** The image's user owns the folders it writes to; only root can give them away and become that user. */
const skip = process.getuid?.() === 0 ? false : 'runs as root only: it changes owners and users';
const START_TIMEOUT_MS = 10_000;

let image: BuiltImage;
let path: string;

before(() => {
  if (skip !== false) return;
  const folder = tempDir('image');
  // The image's user must be able to come here, and to Node.js, which the base image would bring.
  chmodSync(folder, 0o755);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  copyFileSync(process.execPath, join(bin, 'node'));
  path = `${bin}:/usr/bin:/bin`;
  image = build({
    context: PROJECT,
    dockerfile: join(PROJECT, 'config/Dockerfile'),
    into: join(folder, 'stages'),
    node: bin,
  });
});

test('nothing of a working folder but the sources gets into the image', () => {
  const patterns = ignorePatterns(PROJECT);
  for (const file of [
    '.env',
    'keys/ring.json',
    'keys/development-kek',
    'data/dcr-bridge.db',
    '.git/config',
    'test/run.ts',
    'node_modules/koa/package.json',
    'config/secrets.json',
  ]) {
    assert.equal(isIgnored(file, patterns), true, file);
  }
  for (const file of [
    'package.json',
    'package-lock.json',
    '.npmrc',
    'src/cli.ts',
    'src/keys/ring.ts',
    'config/default.json',
  ]) {
    assert.equal(isIgnored(file, patterns), false, file);
  }
});

test('the image has what the service runs on and no tools', { skip }, () => {
  assert.deepEqual(readdirSync(image.workdir).sort(), [
    'config',
    'data',
    'keys',
    'node_modules',
    'package.json',
    'src',
  ]);
  assert.deepEqual(readdirSync(join(image.workdir, 'config')), ['default.json']);
  assert.ok(existsSync(join(image.workdir, 'node_modules/koa')));
  assert.equal(existsSync(join(image.workdir, 'node_modules/typescript')), false);
  // Absent, so that `node` is the base image's.
  assert.equal(existsSync(join(image.workdir, 'node_modules/node/bin/node')), false);
});

test('C-17: it runs as a user who may write to the two volumes and nowhere else', { skip }, () => {
  assert.notEqual(image.user.uid, 0);
  assert.deepEqual(image.volumes, ['/app/keys', '/app/data']);
  for (const volume of image.volumes) {
    const { uid, gid, mode } = statSync(join(image.root, volume));
    assert.deepEqual({ uid, gid, mode: mode & 0o777 }, { ...image.user, mode: 0o700 });
  }
  for (const name of readdirSync(image.workdir)) {
    if (name === 'keys' || name === 'data') continue;
    const { uid, mode } = lstatSync(join(image.workdir, name));
    assert.deepEqual([name, uid, mode & 0o022], [name, 0, 0]);
  }
});

test('what Node.js made of the sources is in the image, can be read by the user and changed by nobody', {
  skip,
}, () => {
  const cache = join(image.workdir, 'node_modules/.cache');
  for (const name of readdirSync(cache, { recursive: true, encoding: 'utf8' })) {
    const { uid, mode } = statSync(join(cache, name));
    assert.deepEqual([name, uid, mode & 0o022, mode & 0o004], [name, 0, 0, 0o004]);
  }
});

test('started so, a client is created, fetches a token, and the health check tells a live node from none', {
  skip,
}, async () => {
  const ports = { public: await freePort(), management: await freePort(), ops: await freePort() };
  const apiKey = 'dcrk_test0123456789test0123456789test01234567';
  const service = run(image.command, {
    ISSUER: `http://localhost:${ports.public}`,
    PUBLIC_LISTEN: `127.0.0.1:${ports.public}`,
    MANAGEMENT_LISTEN: `127.0.0.1:${ports.management}`,
    OPS_LISTEN: `127.0.0.1:${ports.ops}`,
    KEY_ENCRYPTION_KEY: newKeyEncryptionKey(),
    BOOTSTRAP_PORTAL: `test:${apiKey}`,
    NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
  });
  try {
    await eventually(async () => {
      if (service.child.exitCode !== null) return;
      assert.equal(await isHealthy(ports.ops), true);
    }, START_TIMEOUT_MS);
    assert.equal(service.child.exitCode, null, service.output());
    const created = await send(`http://127.0.0.1:${ports.management}/bridge/local/clients`, {
      method: 'POST',
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      body: '{"client_name":"a client","scope":"read"}',
    });
    assert.equal(created.status, 201, `${created.text}\n${service.output()}`);
    const { client_id, client_secret } = created.body;
    const token = await send(`http://127.0.0.1:${ports.public}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    assert.equal(token.status, 200, `${token.text}\n${service.output()}`);
    assert.deepEqual(readdirSync(join(image.workdir, 'keys')).sort(), ['ring.json', 'ring.json.served']);
    const said = service.output();
    assert.match(said, /retrieving transpile cache for StrippedTypeScript \S+\/src\/main\.ts/);
    assert.deepEqual(said.match(/no transpile cache for .*/g), null, 'each source was found in the cache');
  } finally {
    const gone = once(service.child, 'exit');
    service.child.kill('SIGTERM');
    assert.deepEqual(await gone, [0, null], service.output());
  }
  assert.equal(await isHealthy(ports.ops), false);
});

/** The image's own health check; in a container the port is always the default. */
async function isHealthy(opsPort: number): Promise<boolean> {
  const command = image.healthcheck.map((word) => word.replace('127.0.0.1:3002/', `127.0.0.1:${opsPort}/`));
  assert.notDeepEqual(command, image.healthcheck);
  const [code] = await once(run(command, {}).child, 'exit');
  return code === 0;
}

function run([program = '', ...args]: readonly string[], env: Readonly<Record<string, string>>) {
  const child: ChildProcess = spawn(program, args, {
    cwd: image.workdir,
    env: { PATH: path, ...image.env, ...env },
    ...image.user,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithProcess(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text));
  return { child, output: () => output };
}
