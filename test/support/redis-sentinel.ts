/** A real Redis Sentinel that watches one primary and never fails it over by itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { endWithProcess } from './end-with-process.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { tempDir } from './temp.ts';

export interface SentinelOptions {
  /** What the Sentinel calls the primary. */
  readonly name: string;
  readonly primary: { readonly port: number };
  readonly password?: string;
}

export async function startSentinel({
  name,
  primary,
  password,
}: SentinelOptions): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const dir = tempDir('sentinel');
  const file = join(dir, 'sentinel.conf');
  const lines = [
    ...['bind 127.0.0.1', `port ${port}`, `dir ${dir}`],
    `sentinel monitor ${name} 127.0.0.1 ${primary.port} 1`,
    `sentinel down-after-milliseconds ${name} 60000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${name} ${password}`]),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
  endWithProcess(sentinel);
  await eventually(async () => {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
    } finally {
      socket.destroy();
    }
  }, 5000);
  return {
    port,
    async stop() {
      const gone = once(sentinel, 'exit');
      sentinel.kill('SIGKILL');
      await gone;
    },
  };
}
