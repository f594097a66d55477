/**
 * CPU per request of several servers under the same load, in rounds that take turns: A, B, C, A, B, C, …
 * What slows the machine down for a while then slows all of them, and the ratio within a round stays true.
 */
import { type Load, runLoad } from './load.ts';
import { cpuSeconds } from './process-usage.ts';
import type { BenchServer } from './servers.ts';

export interface Comparison {
  readonly request: Buffer;
  readonly warmUpRequests: number;
  readonly requests: number;
  readonly rounds: number;
}

/** Keeps a server on one core saturated; more would only wait. */
const CONNECTIONS = 16;

/** Microseconds per request, one number a round. */
export async function compareCpu<Name extends string>(
  servers: Readonly<Record<Name, BenchServer>>,
  names: readonly Name[],
  { request, warmUpRequests, requests, rounds }: Comparison,
): Promise<ReadonlyMap<Name, readonly number[]>> {
  const perRound = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (const name of names) await cpuPerRequestUs(servers[name], request, warmUpRequests);
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, measured] of perRound) {
      measured.push(await cpuPerRequestUs(servers[name], request, requests));
    }
  }
  return perRound;
}

export async function cpuPerRequestUs(
  { pid, port }: BenchServer,
  request: Load['request'],
  requests: number,
): Promise<number> {
  let before = 0;
  const started = () => {
    before = cpuSeconds(pid);
  };
  await runLoad({ port, request, requests, connections: CONNECTIONS, started });
  return ((cpuSeconds(pid) - before) / requests) * 1e6;
}
