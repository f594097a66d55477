/**
 * A gateway under test: a real one, in the foreground, in a directory of its own, on loopback. It ends
 * with the test process, whatever happens.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithProcess } from '../support/end-with-process.ts';

/** What a gateway is set up with; URLs without a slash at the end. */
export interface GatewaySetting {
  readonly issuer: string;
  readonly ordersUrl: string;
  readonly reportsUrl: string;
}

export interface Gateway {
  readonly url: string;
  stop(): Promise<void>;
}

export type StartGateway = (setting: GatewaySetting) => Promise<Gateway>;

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it will listen, on 127.0.0.1. */
  readonly port: number;
  /** What it wrote elsewhere than to its standard streams, for when it does not start. */
  readonly log?: () => string;
}

const START_TIMEOUT_MS = 10_000;

/** One process without children: ending it leaves nothing behind. */
export async function startGatewayProcess(command: Command): Promise<Gateway> {
  const { file, args, env = {}, port, log = () => '' } = command;
  const child = spawn(file, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithProcess(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-8000);
    });
  }
  for (const deadline = Date.now() + START_TIMEOUT_MS; !(await listens(port)); await sleep(20)) {
    if (hasEnded(child)) throw new Error(`${file} ended (${child.exitCode}): ${output}${log()}`);
    if (Date.now() < deadline) continue;
    child.kill('SIGKILL');
    throw new Error(`${file} does not listen on ${port}: ${output}${log()}`);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      if (hasEnded(child)) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
