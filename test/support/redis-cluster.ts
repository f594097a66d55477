/** A Redis Cluster of one server that holds all slots; `url` is `redis+cluster://…`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { type RedisServer, startRedis } from './redis.ts';

export async function startRedisCluster(): Promise<RedisServer> {
  const server = await startRedis({
    // A lone server never hears its own address from others, and would announce none.
    args: [...['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'], ...(await busPort())],
  });
  await server.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  while (!(await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(10);
  // Spreading would read the getters once; the server must stay itself.
  return Object.create(server, {
    url: { value: server.url.replace('redis://', 'redis+cluster://') },
  }) as RedisServer;
}

/** Its own choice would be 10,000 above the other port, where outgoing connections are given theirs. */
async function busPort(): Promise<readonly string[]> {
  return ['--cluster-port', String(await freePort())];
}
