/** The README's first block, running: a shell, npm below it and the service below that, on the default ports. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { endWithProcess } from '../support/end-with-process.ts';
import type { CleanCopy } from './clean-copy.ts';

const START_TIMEOUT_MS = 20_000;

export interface Started {
  /** Everything that it has printed so far, both streams. */
  output(): string;
  /** As Ctrl-C ends it: every process of the terminal hears of it. */
  interrupt(): Promise<void>;
}

/** Rejects with what it printed when it does not come to listen. */
export async function startBlock(text: string, { directory, env }: CleanCopy): Promise<Started> {
  // A group of its own, as in a terminal, so that what npm started can be ended with it.
  const shell = spawn('bash', ['-ec', text], {
    cwd: directory,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const endGroup = (signal: NodeJS.Signals) => {
    const hasEnded = shell.exitCode !== null || shell.signalCode !== null;
    if (shell.pid !== undefined && !hasEnded) process.kill(-shell.pid, signal);
  };
  endWithProcess(shell);
  process.on('exit', () => endGroup('SIGKILL'));
  const closed = once(shell, 'close');
  const lines: string[] = [];
  const listening = new Promise<boolean>((resolve) => {
    for (const stream of [shell.stdout, shell.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (line.includes('"msg":"listening"')) resolve(true);
      });
    }
    closed.then(() => resolve(false));
    setTimeout(resolve, START_TIMEOUT_MS, false).unref();
  });
  if (!(await listening)) {
    endGroup('SIGKILL');
    throw new Error(`the service did not start:\n${lines.join('\n')}`);
  }
  return {
    output: () => lines.join('\n'),
    async interrupt() {
      endGroup('SIGINT');
      await closed;
    },
  };
}

/** Throws, naming the port, when something listens already where the README's lines lead. */
export async function requireFreePorts(...ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer();
    try {
      await once(server.listen(port, '0.0.0.0'), 'listening');
    } catch {
      throw new Error(`port ${port} is taken: the README's lines need 3000, 3001 and 3002 on this machine`);
    }
    server.close();
    await once(server, 'close');
  }
}
