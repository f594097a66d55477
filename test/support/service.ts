/**
 * A real service process: `src/cli.ts serve`, loaded as `npm start` does, with its own ports, store and keys, on loopback. It is ended
 * with the test process, whatever happens.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { tempDir } from './temp.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');
const COMPILE_CACHE = resolve(import.meta.dirname, '../../src/compile-cache.cjs');
const START_TIMEOUT_MS = 20_000;
/** For what an ended process wrote last and nobody took yet. */
const LAST_WORDS_MS = 2000;
const TRIES = 3;

export const API_KEY = 'dcrk_test0123456789test0123456789test01234567';

export interface ServiceOptions {
  /** Over the defaults below; `undefined` takes a default away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Members laid over `config/default.json`'s domain. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Where store and keys are; a new directory, removed at the end, when not given. */
  readonly directory?: string;
  /** To start again where another was. */
  readonly publicPort?: number;
}

export interface TestService {
  readonly issuer: string;
  readonly publicUrl: string;
  readonly managementUrl: string;
  readonly opsUrl: string;
  readonly publicPort: number;
  readonly directory: string;
  readonly pid: number;
  /** Everything it wrote, both streams, line by line. */
  readonly output: readonly string[];
  /** From now on nobody takes what it writes, as when a collector of logs hangs: its pipe fills up. */
  stopReading(): void;
  readOn(): void;
  /** Milliseconds from spawn to "listening". */
  readonly startedInMs: number;
  /** The exit code when it has ended, for whatever reason; `null` when a signal ended it. */
  ended(): Promise<number | null>;
  /** Sends SIGTERM and resolves with the exit code. */
  stop(): Promise<number | null>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

/** Starts a service and waits until it listens. Rejects with what it printed when it does not. */
export async function startService(options: ServiceOptions = {}): Promise<TestService> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'dcr-bridge-'));
  const publicPort = options.publicPort ?? (await freePort());
  const { child, output, settled, closed } = spawnService(options, directory, publicPort);
  const began = performance.now();
  const remove = () => {
    if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
  };
  let isRead = true;
  const ended = async () => {
    child.ref();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    // Its end may be heard of before its last lines.
    if (isRead) await settledWithin(closed, LAST_WORDS_MS);
    return child.exitCode;
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const code = await ended();
    remove();
    return code;
  };
  const listening = await settled.catch((error: unknown) => {
    remove();
    throw error;
  });
  // A test that fails before it ends its service must not keep the test process waiting for ever.
  for (const handle of [child, child.stdout, child.stderr]) (handle as { unref?(): void }).unref?.();
  const url = ({ host, port }: { host: string; port: number }) => `http://${host}:${port}`;
  return {
    issuer: listening.issuer,
    publicUrl: url(listening.public),
    managementUrl: url(listening.management),
    opsUrl: url(listening.ops),
    publicPort,
    directory,
    pid: child.pid ?? 0,
    output,
    stopReading: () => {
      isRead = false;
      child.stdout.pause();
    },
    readOn: () => {
      isRead = true;
      child.stdout.resume();
    },
    startedInMs: performance.now() - began,
    ended,
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  };
}

function settledWithin(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, timeoutMs);
    void promise.finally(() => {
      clearTimeout(timer);
      done();
    });
  });
}

/** Runs a service that must not start; resolves with its exit code and what it said. */
export async function refusesToStart(
  options: ServiceOptions = {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'dcr-bridge-'));
  const { child, output, settled } = spawnService(options, directory, await freePort());
  const outcome = await settled.then(
    () => 'started',
    () => 'refused',
  );
  if (outcome === 'started') {
    child.kill('SIGKILL');
    throw new Error(`the service started:\n${output.join('\n')}`);
  }
  return { code: child.exitCode, output: output.join('\n') };
}

/**
 * Sends SIGTERM when the start has come as far as `until` says, in a new directory. A machine that stood still just then
 * may have let it come to its end meanwhile: then another one is started, three times at most.
 */
export async function stopWhileStarting(
  env: NonNullable<ServiceOptions['env']>,
  until: (start: { readonly pid: number; readonly directory: string }) => boolean,
): Promise<{ readonly code: number | null; readonly output: string; readonly directory: string }> {
  for (let time = 0; time < TRIES; time += 1) {
    const directory = tempDir('early');
    const { child, output, settled, closed } = spawnService({ env }, directory, await freePort());
    settled.catch(() => {});
    while (child.exitCode === null && !until({ pid: child.pid ?? 0, directory })) await sleep(1);
    const isStarting = !output.some((line) => parseListening(line) !== undefined);
    child.kill(isStarting ? 'SIGTERM' : 'SIGKILL');
    await closed;
    if (isStarting) return { code: child.exitCode, output: output.join('\n'), directory };
  }
  assert.fail('it was never starting any more when it was told to stop');
}

interface Listening {
  readonly issuer: string;
  readonly public: { host: string; port: number };
  readonly management: { host: string; port: number };
  readonly ops: { host: string; port: number };
}

function spawnService(options: ServiceOptions, directory: string, publicPort: number) {
  const configFile = join(directory, 'test-config.json');
  if (options.config !== undefined) writeFileSync(configFile, JSON.stringify(options.config));
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ISSUER: `http://127.0.0.1:${publicPort}`,
    PUBLIC_LISTEN: `127.0.0.1:${publicPort}`,
    MANAGEMENT_LISTEN: '127.0.0.1:0',
    OPS_LISTEN: '127.0.0.1:0',
    STORE_URL: `sqlite:${join(directory, 'store.db')}`,
    KEYS_DIR: join(directory, 'keys'),
    BOOTSTRAP_PORTAL: `test:${API_KEY}`,
    ...(options.config === undefined ? {} : { CONFIG_FILE: configFile }),
    ...options.env,
  };
  const child = spawn(process.execPath, ['--require', COMPILE_CACHE, CLI, 'serve'], {
    cwd: directory,
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithUs(child);
  const output: string[] = [];
  const closed = once(child, 'close');
  const settled = new Promise<Listening>((resolveListening, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the service did not listen in time:\n${output.join('\n')}`));
    }, START_TIMEOUT_MS);
    child.once('close', () => {
      clearTimeout(timer);
      reject(new Error(`the service ended:\n${output.join('\n')}`));
    });
    const take = (line: string) => {
      output.push(line);
      const listening = parseListening(line);
      if (listening === undefined) return;
      clearTimeout(timer);
      resolveListening(listening);
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', take);
  });
  return { child, output, settled, closed };
}

function parseListening(line: string): Listening | undefined {
  if (!line.startsWith('{') || !line.includes('"msg":"listening"')) return undefined;
  return JSON.parse(line);
}

function endWithUs(child: ChildProcess): void {
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
}

/** A key-encryption key for one test, as `KEY_ENCRYPTION_KEY` wants it. */
export function newKeyEncryptionKey(): string {
  return randomBytes(32).toString('base64url');
}
