/**
 * What a token costs where many clients ask, drawn uniformly, over what it costs where one asks: the same
 * process, in rounds that take turns. And how long one takes when requests come at 70 % of what it can do.
 */
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { newKeyEncryptionKey, startService } from '../support/service.ts';
import { cpuPerRequestUs } from './compare.ts';
import { fillStore } from './fill-store.ts';
import { runLoad } from './load.ts';
import { runOpenLoop } from './open-loop.ts';
import { tokenRequest } from './requests.ts';
import { APPLICATION_ID, CONFIG, RESOURCES } from './servers.ts';
import { median, percentile, rounded } from './statistics.ts';

export interface ManyClientsOptions {
  readonly manyClients: number;
  /** Per round and server. */
  readonly requests: number;
  readonly rounds: number;
}

export interface ManyClients {
  readonly clients: number;
  readonly oneCpuUs: number;
  readonly manyCpuUs: number;
  readonly manyOverOne: number;
  /** At 70 % of the capacity, open loop. */
  readonly openLoop: { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number };
}

const SHARE_OF_CAPACITY = 0.7;
const CONNECTIONS = 16;

export async function measureManyClients(options: ManyClientsOptions): Promise<ManyClients> {
  const keyEncryptionKey = newKeyEncryptionKey();
  const service = await startService({ config: CONFIG, env: { KEY_ENCRYPTION_KEY: keyEncryptionKey } });
  try {
    const store = await openSqliteStore({ file: `${service.directory}/store.db` });
    const filling = {
      keyEncryptionKey,
      resources: Object.values(RESOURCES),
      labels: { application_id: APPLICATION_ID },
    };
    const filled = await fillStore(store.clients, filling, options.manyClients);
    await store.close();
    const many = filled.map((client) => tokenRequest(client, RESOURCES.ES256));
    const one = many.slice(0, 1);
    const server = { pid: service.pid, port: service.publicPort };
    // Each once, so that all are in memory.
    const left = [...many];
    const inTurn = () => left.pop() ?? Buffer.of();
    await runLoad({ port: server.port, request: inTurn, requests: many.length, connections: CONNECTIONS });
    const drawn = (from: readonly Buffer[]) => () =>
      from[Math.floor(Math.random() * from.length)] ?? Buffer.of();
    const rounds: { one: number; many: number }[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      rounds.push({
        one: await cpuPerRequestUs(server, drawn(one), options.requests),
        many: await cpuPerRequestUs(server, drawn(many), options.requests),
      });
    }
    return {
      clients: options.manyClients,
      oneCpuUs: rounded(median(rounds.map((round) => round.one))),
      manyCpuUs: rounded(median(rounds.map((round) => round.many))),
      manyOverOne: rounded(median(rounds.map((round) => round.many / round.one))),
      openLoop: await openLoop(server.port, one[0] ?? Buffer.of(), options.requests),
    };
  } finally {
    await service.stop();
  }
}

/** What it can do is what it does when it is kept busy, with the generator on the same machine. */
async function openLoop(port: number, request: Buffer, requests: number) {
  const began = performance.now();
  await runLoad({ port, request: () => request, requests, connections: CONNECTIONS });
  const capacity = requests / ((performance.now() - began) / 1000);
  const perSecond = Math.round(capacity * SHARE_OF_CAPACITY);
  const latencies = await runOpenLoop({ port, request, perSecond, requests });
  return {
    perSecond,
    p50Ms: rounded(percentile(latencies, 0.5)),
    p99Ms: rounded(percentile(latencies, 0.99)),
  };
}
