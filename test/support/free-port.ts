/**
 * A loopback TCP port that nobody listens on now, from below those that the kernel gives to outgoing
 * connections (32768 and up on Linux): one of them could take it before who asked listens on it. Nor is it
 * told to any other test process until this one ends, because whoever asked listens only some time later.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ListenOptions, type Server } from 'node:net';

const FIRST = 10_000;
const LAST = 32_767;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST + 1);
    if ((await isOurs(port)) && (await isFree(port))) return port;
  }
}

/** An abstract socket has the life of the process and, as ports have, one name in a network namespace. */
async function isOurs(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const kept = await listen({ path: `\0dcr-bridge-test-port-${port}` });
  kept?.unref();
  return kept !== undefined;
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen({ port, host: '127.0.0.1' });
  if (server === undefined) return false;
  server.close();
  await once(server, 'close');
  return true;
}

async function listen(where: ListenOptions): Promise<Server | undefined> {
  const server = createServer().listen(where);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
