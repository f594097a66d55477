/** `npm start` as a process manager runs it: who is signalled is npm, and the service has to hear of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { endWithProcess } from '../support/end-with-process.ts';
import { childrenOf } from '../support/process-tree.ts';
import { tempDir } from '../support/temp.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 20_000;

async function npmStart() {
  const directory = tempDir('npm-start');
  const anyPort = '127.0.0.1:0';
  // The leader of a group, as a terminal and a process manager make it.
  const npm = spawn('npm', ['start'], {
    cwd: PROJECT,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PUBLIC_LISTEN: anyPort,
      MANAGEMENT_LISTEN: anyPort,
      OPS_LISTEN: anyPort,
      ISSUER: 'http://localhost:3000',
      STORE_URL: `sqlite:${join(directory, 'store.db')}`,
      KEYS_DIR: join(directory, 'keys'),
      // So that a second signal would come while it still drains.
      DRAIN_DELAY_MS: '150',
    },
  });
  endWithProcess(npm);
  const { pid = 0 } = npm;
  const said: string[] = [];
  const lines = createInterface({ input: npm.stdout });
  const closed = once(lines, 'close');
  await new Promise<void>((listening, reject) => {
    const timer = setTimeout(() => reject(new Error(said.join('\n'))), START_TIMEOUT_MS);
    npm.once('exit', () => reject(new Error(said.join('\n'))));
    lines.on('line', (line) => {
      if (line.startsWith('{')) said.push(JSON.parse(line).msg);
      if (said.at(-1) !== 'listening') return;
      clearTimeout(timer);
      listening();
    });
  });
  return { npm, pid, said, closed, service: childrenOf(pid) };
}

for (const [name, signal, toAll] of [
  ['SIGTERM to npm alone, as a process manager sends it', 'SIGTERM', false],
  ['Ctrl-C, which npm hears and passes on, and the service hears too', 'SIGINT', true],
] as const) {
  test(`R-14: ${name}, drains the service and leaves no process behind`, async () => {
    const { npm, pid, said, closed, service } = await npmStart();
    const exited = once(npm, 'exit');
    try {
      process.kill(toAll ? -pid : pid, signal);
      const [code] = await exited;
      assert.equal(code, 0);
      await closed;
      assert.deepEqual(said.slice(-2), ['draining', 'stopped']);
      for (const left of service) assert.throws(() => process.kill(left, 0), { code: 'ESRCH' });
    } finally {
      for (const left of service) {
        try {
          process.kill(left, 'SIGKILL');
        } catch {}
      }
    }
  });
}
