/**
 * The deployment of `docker-compose.yml` without its containers: the same Redis settings, the same
 * environment for each node and the same `config/haproxy.cfg`, as processes on loopback. Only addresses
 * differ: where a container has an address of its own, here each listener has a port of its own.
 *
 * Not covered: the images, container networks and their DNS (`resolvers`), volumes, privileges, restarts.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startGatewayProcess } from '../gateways/gateway.ts';
import { freePort } from '../support/free-port.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { type ComposeFile, composeService, PROJECT, readComposeFile } from './compose-file.ts';

interface Ports {
  readonly public: number;
  readonly management: number;
  readonly ops: number;
}

export interface Deployment {
  readonly file: ComposeFile;
  readonly redis: RedisServer;
  readonly nodes: readonly [Node, Node];
  /** The load balancer's two doors. */
  readonly publicUrl: string;
  readonly managementUrl: string;
  readonly publicPort: number;
  readonly apiKey: string;
  stop(): Promise<void>;
}

export interface Node {
  /** As it runs now. */
  readonly service: TestService;
  readonly isRunning: boolean;
  start(): Promise<void>;
  stop(): Promise<number | null>;
}

export async function deploy(): Promise<Deployment> {
  const door = { public: await freePort(), management: await freePort() };
  const password = randomBytes(24).toString('hex');
  const apiKey = `dcrk_${randomBytes(24).toString('hex')}`;
  const read = readComposeFile({
    ISSUER: `http://localhost:${door.public}`,
    REDIS_PASSWORD: password,
    KEY_ENCRYPTION_KEY: newKeyEncryptionKey(),
    BOOTSTRAP_PORTAL: `my-portal:${apiKey}`,
    LOG_LEVEL: 'info',
  });
  if (!read.ok) throw new Error(read.message);
  const { file } = read;
  const started: { stop(): Promise<unknown> }[] = [];
  const stop = async () => {
    for (const each of started.reverse()) await each.stop();
  };
  try {
    const redis = await startComposeRedis(file, password);
    started.push(redis);
    const nodes = [await node(file, 'bridge-1', redis), await node(file, 'bridge-2', redis)] as const;
    started.push(...nodes);
    await Promise.all(nodes.map((each) => each.start()));
    started.push(await startBalancer(door, [nodes[0].ports, nodes[1].ports]));
    return {
      file,
      redis,
      nodes: [nodes[0], nodes[1]],
      publicUrl: `http://127.0.0.1:${door.public}`,
      managementUrl: `http://127.0.0.1:${door.management}`,
      publicPort: door.public,
      apiKey,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startComposeRedis(file: ComposeFile, password: string): Promise<RedisServer> {
  const [, ...args] = composeService(file, 'redis').command ?? [];
  const dir = tempDir('redis');
  const settings = args.map((arg) => (arg === '/data' ? dir : arg));
  return startRedis({ appendfsync: 'none', dir, password, args: settings });
}

async function node(file: ComposeFile, name: string, redis: RedisServer) {
  const ports: Ports = { public: await freePort(), management: await freePort(), ops: await freePort() };
  const directory = tempDir(name);
  const given = composeService(file, name).environment ?? {};
  const env = {
    ...given,
    PUBLIC_LISTEN: `127.0.0.1:${ports.public}`,
    MANAGEMENT_LISTEN: `127.0.0.1:${ports.management}`,
    OPS_LISTEN: `127.0.0.1:${ports.ops}`,
    STORE_URL: given.STORE_URL?.replace('@redis:6379', `@127.0.0.1:${redis.port}`),
    KEYS_DIR: given.KEYS_DIR?.replace('/app', directory),
  };
  let service: TestService | undefined;
  return {
    ports,
    get service() {
      if (service === undefined) throw new Error(`${name} was never started`);
      return service;
    },
    isRunning: false,
    async start() {
      service = await startService({ env, directory, publicPort: ports.public });
      this.isRunning = true;
    },
    async stop() {
      if (service === undefined || !this.isRunning) return 0;
      this.isRunning = false;
      return service.stop();
    },
  };
}

/** `config/haproxy.cfg`, its addresses replaced, and every line checked to be one that we know how to replace. */
async function startBalancer(door: Omit<Ports, 'ops'>, nodes: readonly [Ports, Ports]) {
  const role = { 3000: 'public', 3001: 'management' } as const;
  const text = readFileSync(join(PROJECT, 'config/haproxy.cfg'), 'utf8')
    .replace(/bind :(3000|3001)$/gm, (_line, port: '3000' | '3001') => `bind 127.0.0.1:${door[role[port]]}`)
    .replace(
      /server bridge-([12]) bridge-\1:(3000|3001) (.*)$/gm,
      (_line, number: '1' | '2', port: '3000' | '3001', rest: string) => {
        const ports = nodes[number === '1' ? 0 : 1];
        const options = rest === 'check' ? `check port ${ports.ops}` : rest;
        return `server bridge-${number} 127.0.0.1:${ports[role[port]]} ${options}`;
      },
    );
  const left = /^ *(?:bind|server) (?!.*127\.0\.0\.1:).*$/m.exec(text);
  if (left !== null) throw new Error(`this line of haproxy.cfg is not understood here: ${left[0]}`);
  const configFile = join(tempDir('haproxy'), 'haproxy.cfg');
  writeFileSync(configFile, text);
  return startGatewayProcess({
    file: '/usr/sbin/haproxy',
    args: ['-db', '-f', configFile],
    port: door.public,
  });
}
