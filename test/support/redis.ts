/**
 * A real `redis-server` on a loopback port, with a directory of its own. It starts in some tens of
 * milliseconds, so no test has a reason to pretend.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithProcess } from './end-with-process.ts';
import { freePort } from './free-port.ts';
import { tempDir } from './temp.ts';

export interface RedisOptions {
  /** Default `always`, the set-up that the service asks for. `none` keeps no append-only file. */
  readonly appendfsync?: 'always' | 'everysec' | 'no' | 'none';
  readonly port?: number;
  readonly dir?: string;
  readonly password?: string;
  /** More settings of redis.conf as arguments: `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[];
}

export interface RedisServer {
  /** `redis://…`, with the password when there is one. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dir: string;
  /** One command, its reply as Redis wrote it (RESP); an error reply throws. */
  command(...words: readonly string[]): Promise<string>;
  /** SIGSTOP: connections stay open and nothing answers, until `resume`. */
  pause(): void;
  resume(): void;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
  /** On the same port and directory, after `kill` or `stop`, or instead of them. */
  restart(): Promise<void>;
  /** An orderly end, which saves. */
  stop(): Promise<void>;
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const dir = options.dir ?? tempDir('redis');
  const port = options.port ?? (await freePort());
  const { password } = options;
  let server = await spawnServer(port, dir, options);

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill(signal);
    await gone;
  }

  return {
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid ?? 0;
    },
    dir,
    command: (...words) => redisCommand(port, password, words),
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL');
      server = await spawnServer(port, dir, options);
    },
    async stop() {
      server.kill('SIGCONT');
      await end('SIGTERM');
    },
  };
}

const START_TIMEOUT_MS = 5000;

async function spawnServer(port: number, dir: string, options: RedisOptions): Promise<ChildProcess> {
  const { appendfsync = 'always', password, args = [] } = options;
  const server = spawn(
    'redis-server',
    [
      ...['--bind', '127.0.0.1', '--port', `${port}`, '--dir', dir, '--save', ''],
      ...(appendfsync === 'none' ? [] : ['--appendonly', 'yes', '--appendfsync', appendfsync]),
      ...(password === undefined ? [] : ['--requirepass', password]),
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  endWithProcess(server);
  let output = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4000);
    });
  }
  let failed: Error | undefined;
  server.once('error', (error: NodeJS.ErrnoException) => {
    failed =
      error.code === 'ENOENT' ? new Error('redis-server is missing: apt-get install redis-server') : error;
  });
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; ) {
    await sleep(5);
    if (failed !== undefined) throw failed;
    if (server.exitCode !== null) throw new Error(`redis-server ended (${server.exitCode}): ${output}`);
    // Its own process id: whoever else answers on this port is another test's.
    const info = await redisCommand(port, password, ['INFO', 'server']).catch(() => '');
    if (info.includes(`process_id:${server.pid}\r\n`)) return server;
    if (Date.now() > deadline) throw new Error(`redis-server does not answer: ${output}`);
  }
}

/** Over a plain socket: what is under test is the client library's use, so it is not used to look on. */
async function redisCommand(
  port: number,
  password: string | undefined,
  words: readonly string[],
): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  try {
    await once(socket, 'connect');
    if (password !== undefined) socket.write(encode(['AUTH', password]));
    socket.end(encode(words));
    let reply = '';
    for await (const chunk of socket) reply += chunk;
    if (password !== undefined) reply = reply.slice(reply.indexOf('\r\n') + 2);
    if (reply.startsWith('-')) throw new Error(reply.trim());
    return reply;
  } finally {
    socket.destroy();
  }
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
