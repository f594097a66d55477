/** The command line as a person runs it: `src/cli.ts` in a process of its own, with an environment of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { endWithProcess } from '../support/end-with-process.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command to its end in `cwd`; nothing of this process's environment is passed on but PATH. */
export async function run(
  words: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ran> {
  const child = spawn(process.execPath, [CLI, ...words], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithProcess(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

export interface Operator {
  readonly service: TestService;
  /** What makes a command work on the service's store. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs `dcr-bridge <group> <words>`. */
  command(...words: readonly string[]): Promise<Ran>;
  /** Runs it with --json; what it printed. */
  // biome-ignore lint/suspicious/noExplicitAny: the answers have many shapes
  done(...words: readonly string[]): Promise<any>;
}

/** A service, and an operator who manages it while it runs, by one group of commands. */
export async function startWithOperator(group: string): Promise<Operator> {
  const KEY_ENCRYPTION_KEY = newKeyEncryptionKey();
  const service = await startService({ env: { KEY_ENCRYPTION_KEY } });
  const { directory } = service;
  const env = {
    KEY_ENCRYPTION_KEY,
    STORE_URL: `sqlite:${directory}/store.db`,
    KEYS_DIR: `${directory}/keys`,
  };
  const command = (...words: readonly string[]) => run([group, ...words], { cwd: directory, env });
  return {
    service,
    env,
    command,
    async done(...words) {
      const { code, stdout, stderr } = await command(...words, '--json');
      assert.deepEqual([code, stderr], [0, '']);
      assert.equal(stdout.trimEnd().split('\n').length, 1, 'one line');
      return JSON.parse(stdout);
    },
  };
}
