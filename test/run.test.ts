/** The command behind `npm test`: it says what is missing, or installs it, and never calls nothing a success. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import packageJson from '../package.json' with { type: 'json' };
import { tempDir } from './support/temp.ts';

const RUN = join(import.meta.dirname, 'run.ts');
const README = join(import.meta.dirname, '../README.md');
const NODE_VERSION = join(import.meta.dirname, '../src/node-version.cjs');
const COMPILE_CACHE = join(import.meta.dirname, '../src/compile-cache.cjs');

/** A folder to be the whole PATH, with these programs in it. */
function pathWith(programs: Readonly<Record<string, string>>): string {
  const directory = tempDir('path');
  symlinkSync(process.execPath, join(directory, 'node'));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return directory;
}

function testFile(body: string): string {
  const file = join(tempDir('tests'), 'one.test.ts');
  writeFileSync(file, `import { test } from 'node:test';\n${body}\n`);
  return file;
}

function run(args: readonly string[], path = process.env.PATH) {
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN, ...args], {
    env: { ...env, PATH: path },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('the exit code is that of the runner, and its summary comes last', () => {
  const passed = run([testFile("test('passes', () => {});")]);
  assert.equal(passed.status, 0, passed.stderr);
  assert.match(passed.stdout, /tests 1\n(?:ℹ .*\n)*ℹ duration_ms .*\n$/);
  assert.equal(run([testFile("test('fails', () => { throw new Error('no'); });")]).status, 1);
});

test('options go to the runner', () => {
  const file = testFile("test('passes', () => {});\ntest('fails', () => { throw new Error('no'); });");
  const { status, stdout } = run(['--test-name-pattern=passes', file]);
  assert.equal(status, 0);
  assert.match(stdout, /tests 1\n/);
});

test('a name that leads to no test file is a failure', () => {
  const { status, stderr } = run(['test/no-such-folder']);
  assert.equal(status, 1);
  assert.equal(stderr, "tests can't run: no test file was found at test/no-such-folder\n");
});

test('where nothing can be installed, one line says what to install and how', () => {
  const { status, stdout, stderr } = run([testFile('')], pathWith({ curl: '', faketime: '', openssl: '' }));
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    "tests can't run: missing: redis-server; as root, on Debian: " +
      'apt-get update && apt-get install -y --no-install-recommends redis-server\n',
  );
});

test('the README names every program that the tests need', () => {
  const { stderr } = run([testFile('')], pathWith({}));
  const [, needed = ''] = /missing: (.*?);/.exec(stderr) ?? [];
  assert.match(needed, /redis-server/);
  const [line = ''] = /^The tests need a .*$/m.exec(readFileSync(README, 'utf8')) ?? [];
  for (const program of needed.split(/[, ]+/)) assert.ok(line.includes(`\`${program}\``), program);
});

test('what is missing, and nothing else, is installed from the distribution', () => {
  const log = join(tempDir('log'), 'apt');
  const aptGet = `echo "$DEBIAN_FRONTEND $*" >> ${log}; if [ "$1" = install ]; then : > "\${0%/*}/redis-server"; /bin/chmod +x "\${0%/*}/redis-server"; fi`;
  const path = pathWith({
    curl: '',
    faketime: '',
    openssl: '',
    env: 'exec /usr/bin/env "$@"',
    sudo: 'shift; exec "$@"',
    true: '',
    'apt-get': aptGet,
  });
  const { status, stderr } = run([testFile("test('passes', () => {});")], path);
  assert.equal(status, 0, stderr);
  assert.equal(
    readFileSync(log, 'utf8'),
    'noninteractive update -q\nnoninteractive install -q -y --no-install-recommends redis-server\n',
  );
});

test('an older Node.js is told what to do, instead of stumbling over TypeScript', () => {
  const script =
    "Object.defineProperty(process.versions, 'node', { value: '20.1.0' }); require(process.argv[1]);";
  const { status, stderr } = spawnSync(process.execPath, ['-e', script, NODE_VERSION], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /^dcr-bridge runs on Node\.js 24, and this is 20\.1\.0\. .*run "npm ci"/);
  for (const name of ['start', 'test'] as const) {
    assert.match(packageJson.scripts[name], /^(?:exec )?node --require \.\/src\/node-version\.cjs /);
  }
});

test('npm start keeps what Node.js made of the sources, among the dependencies, for the next start', () => {
  assert.match(packageJson.scripts.start, /--require \.\/src\/compile-cache\.cjs src\/cli\.ts serve$/);
  const script = "require(process.argv[1]); console.log(require('node:module').getCompileCacheDir());";
  const { stdout } = spawnSync(process.execPath, ['-e', script, COMPILE_CACHE], { encoding: 'utf8' });
  assert.equal(dirname(stdout.trim()), join(import.meta.dirname, '../node_modules/.cache/dcr-bridge'));
});
