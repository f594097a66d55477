/**
 * What `npm test` runs: Node's own test runner, after what the tests run against was made sure to be there.
 *
 *   npm test                        every test but those that need more of the machine
 *   npm run test:gateways           those: gateways, clients and providers in other languages, the deployment
 *   npm run test:faults             kill tests at upstream providers in their long form (`FAULT_ROUNDS`, 500)
 *   npm test -- test/keys           the files or folders that are named; options go to Node's runner
 *
 * It exits as the runner does. Not one test file is a failure: a pattern that matches nothing proves nothing.
 */
import { spawn } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { ensureCerbos } from './gateways/cerbos-package.ts';
import { missingPackages as missingForGateways } from './gateways/debian-packages.ts';
import { ensureInstalled, missingPrograms } from './support/debian-packages.ts';

const EVERYTHING = 'test/**/*.test.ts';
/** They install Apache, HAProxy and more: a machine is asked for that only when it is wanted. */
const GATEWAYS = ['gateways', 'clients-outside', 'upstreams-outside', 'deployment', 'pages'].map(
  (room) => `test/${room}/**/*.test.ts`,
);

/** It runs Cerbos, which no package manager of Debian's has. */
const ROTATION = 'test/gateways/rotation/*.test.ts';

/** They end the service over and over; a few rounds of them are among every test. */
const FAULTS = ['test/registration/upstream/kill.test.ts'];
const FAULT_ROUNDS = '500';
const FAULTS_TIMEOUT_MS = 60 * 60 * 1000;

/** The Debian package of each program. */
const FOR_TESTS = { 'redis-server': 'redis-server', curl: 'curl', faketime: 'faketime', openssl: 'openssl' };
const FOR_OUTSIDE = { 'docker-compose': 'docker-compose', chromium: 'chromium', glewlwyd: 'glewlwyd' };

/** Each file is a process, and waits most of the time for others: redis-server, the service. */
const CONCURRENT_FILES = 3;
/** What hangs is named by the runner instead of waited for. */
const TEST_TIMEOUT_MS = 3 * 60 * 1000;
const RUN_TIMEOUT_MS = 14 * 60 * 1000;

const isOutside = (file: string): boolean => GATEWAYS.some((pattern) => matchesGlob(file, pattern));

try {
  process.chdir(join(import.meta.dirname, '..'));
  requireNode24();
  const args = process.argv.slice(2);
  const files = filesOf(args.filter((arg) => !arg.startsWith('-')));
  if (files.length === 0) throw new Error('no test file was found');
  ensureInstalled(() => missingFor(files));
  if (files.some((file) => matchesGlob(file, ROTATION))) ensureCerbos();
  process.exitCode = await runTests(
    [...args.filter((arg) => arg.startsWith('-')), ...files],
    isFaults(args.filter((arg) => !arg.startsWith('-'))),
  );
} catch (error) {
  console.error(`tests can't run: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/** The lock file brings the one that the service runs on; with another, another program would be tested. */
function requireNode24(): void {
  if (process.versions.node.startsWith('24.')) return;
  throw new Error(
    `this is Node.js ${process.versions.node}; "npm ci && npm test" brings and uses Node.js 24`,
  );
}

function isFaults(names: readonly string[]): boolean {
  return names.length === 1 && names[0] === 'faults';
}

function filesOf(names: readonly string[]): readonly string[] {
  if (names.length === 0) return globSync(EVERYTHING).filter((file) => !isOutside(file));
  if (names.length === 1 && names[0] === 'gateways') return globSync(GATEWAYS);
  if (isFaults(names)) return FAULTS;
  return [...new Set(names.flatMap(filesAt))];
}

function filesAt(name: string): readonly string[] {
  const isFolder = statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
  const files = globSync(isFolder ? join(name, '**/*.test.ts') : name);
  if (files.length === 0) throw new Error(`no test file was found at ${name}`);
  return files;
}

function missingFor(files: readonly string[]): readonly string[] {
  const missing = missingPrograms(FOR_TESTS);
  if (!files.some(isOutside)) return missing;
  return [...new Set([...missing, ...missingForGateways(), ...missingPrograms(FOR_OUTSIDE)])];
}

function runTests(args: readonly string[], longForm: boolean): Promise<number> {
  // Set when a test of ours runs this command; the runner would then run no test at all.
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const settings = [
    `--test-concurrency=${CONCURRENT_FILES}`,
    `--test-timeout=${longForm ? FAULTS_TIMEOUT_MS : TEST_TIMEOUT_MS}`,
  ];
  const runner = spawn(process.execPath, ['--test', ...settings, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: longForm ? { FAULT_ROUNDS, ...env } : env,
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
  const timer = setTimeout(() => runner.kill('SIGTERM'), longForm ? 2 * FAULTS_TIMEOUT_MS : RUN_TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    runner.once('error', reject).once('exit', (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}
