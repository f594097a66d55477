/** One run of the bench: everything that is measured, and nothing judged. */

import { type Assertions, type AssertionsOptions, measureAssertions } from './assertions.ts';
import { ALGS, type Alg } from './bare-settings.ts';
import { compareCpu } from './compare.ts';
import { runLoad } from './load.ts';
import { type ManyClients, type ManyClientsOptions, measureManyClients } from './many-clients.ts';
import { measureRedisClients, type RedisClients, type RedisClientsOptions } from './redis-clients.ts';
import { JWKS_REQUEST } from './requests.ts';
import { type BenchServer, type BenchServers, SERVERS, type ServerName, startServers } from './servers.ts';
import { type IdleMemory, measureIdleMemory, measureStarts } from './start-and-memory.ts';
import { median, percentile, rounded } from './statistics.ts';
import { measureWorkers, type Workers, type WorkersOptions } from './workers.ts';

export interface BenchOptions
  extends AssertionsOptions,
    ManyClientsOptions,
    RedisClientsOptions,
    WorkersOptions {
  readonly warmUpRequests: number;
  readonly starts: number;
  readonly latencyRequests: number;
  /** How long the service is left alone after a load, before its memory is read. */
  readonly settledAfterLoadMs: number;
}

export interface Cost {
  /** CPU microseconds per request, user and system: the median of the rounds. */
  readonly cpuUs: number;
  /** Over the floor's of the same round: the median, the least and the most of the rounds. */
  readonly overFloor: number;
  readonly overFloorRange: readonly [least: number, most: number];
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Measured {
  readonly tokens: Readonly<Record<Alg, Readonly<Record<ServerName, Cost>>>>;
  readonly jwks: Readonly<Record<'floor' | 'service', Cost>>;
  readonly latency: Readonly<Record<Alg, Readonly<Record<ServerName, Latency>>>>;
  /** Milliseconds from spawn to "listening", the fastest: a busy neighbour only adds to it. */
  readonly start: { readonly firstMs: number; readonly restartMs: number };
  readonly memory: IdleMemory;
  readonly many: ManyClients;
  readonly redis: RedisClients;
  readonly assertions: Assertions;
  /** A text says why they were not measured. */
  readonly workers: Workers | string;
}

/**
 * Some 500 requests a second: a server that has time. Saturated, a latency would only tell how many
 * connections wait.
 */
const LATENCY_LOAD = { connections: 4, thinkMs: 6 } as const;

export async function measure(options: BenchOptions): Promise<Measured> {
  // Alone, because it is the clock that counts here.
  const start = await measureStarts(options.starts);
  const [memory, costs] = await Promise.all([
    measureIdleMemory(options.settledAfterLoadMs),
    measureCosts(options),
  ]);
  const many = await measureManyClients(options);
  const redis = await measureRedisClients(options);
  const assertions = await measureAssertions(options);
  const workers = await measureWorkers(options);
  return {
    ...costs,
    many,
    redis,
    assertions,
    workers,
    start: {
      firstMs: Math.round(Math.min(...start.firstMs)),
      restartMs: Math.round(Math.min(...start.restartMs)),
    },
    memory: {
      afterStartMiB: rounded(memory.afterStartMiB),
      afterTokensMiB: rounded(memory.afterTokensMiB),
    },
  };
}

async function measureCosts(options: BenchOptions): Promise<Pick<Measured, 'tokens' | 'jwks' | 'latency'>> {
  const servers = await startServers();
  try {
    return {
      tokens: await eachAlg((alg) => tokenCosts(servers, alg, options)),
      jwks: await jwksCosts(servers, options),
      latency: await eachAlg((alg) => tokenLatencies(servers, alg, options)),
    };
  } finally {
    await servers.stop();
  }
}

async function eachAlg<T>(measureOne: (alg: Alg) => Promise<T>): Promise<Record<Alg, T>> {
  const measured: Partial<Record<Alg, T>> = {};
  for (const alg of ALGS) measured[alg] = await measureOne(alg);
  return measured as Record<Alg, T>;
}

async function tokenCosts({ servers, tokenRequest }: BenchServers, alg: Alg, options: BenchOptions) {
  const rounds = await compareCpu(servers, SERVERS, { ...options, request: tokenRequest[alg] });
  return { floor: cost(rounds, 'floor'), service: cost(rounds, 'service'), stock: cost(rounds, 'stock') };
}

async function jwksCosts({ servers }: BenchServers, options: BenchOptions) {
  const rounds = await compareCpu(servers, ['floor', 'service'], { ...options, request: JWKS_REQUEST });
  return { floor: cost(rounds, 'floor'), service: cost(rounds, 'service') };
}

function cost(rounds: ReadonlyMap<ServerName, readonly number[]>, name: ServerName): Cost {
  const mine = rounds.get(name) ?? [];
  const floor = rounds.get('floor') ?? [];
  const ratios = mine.map((cpuUs, round) => cpuUs / (floor[round] ?? Number.NaN));
  return {
    cpuUs: rounded(median(mine)),
    overFloor: rounded(median(ratios)),
    overFloorRange: [rounded(Math.min(...ratios)), rounded(Math.max(...ratios))],
  };
}

async function tokenLatencies({ servers, tokenRequest }: BenchServers, alg: Alg, options: BenchOptions) {
  const latencyOf = async ({ port }: BenchServer): Promise<Latency> => {
    const load = { port, request: tokenRequest[alg], requests: options.latencyRequests, ...LATENCY_LOAD };
    const latencies = await runLoad(load);
    return { p50Ms: rounded(percentile(latencies, 0.5)), p99Ms: rounded(percentile(latencies, 0.99)) };
  };
  return {
    floor: await latencyOf(servers.floor),
    service: await latencyOf(servers.service),
    stock: await latencyOf(servers.stock),
  };
}
