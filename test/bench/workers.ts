/**
 * What a second worker brings, and what it costs: two services over one Redis, of one process and of two
 * workers, in rounds that take turns. The generator is on the same two cores, so it must be a light one.
 */
import { portal } from '../support/bridge.ts';
import { startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { becameCalm, watchOthers } from './calm.ts';
import { childrenOf, cpuSeconds, endedChildrenSeconds } from './process-usage.ts';
import { CONFIG, RESOURCES } from './servers.ts';
import { median, rounded } from './statistics.ts';
import { runWrk, type WrkLoad, withoutWrk } from './wrk.ts';

export interface WorkersOptions {
  readonly workerRounds: number;
  readonly workerSeconds: number;
}

export interface Workers {
  readonly cpuUs: { readonly one: number; readonly two: number };
  readonly perSecond: { readonly one: number; readonly two: number };
  /** Two over one, in the same round: the median. */
  readonly cpuTwoOverOne: number;
  readonly throughputTwoOverOne: number;
}

const BUSY = 'the machine is busy with something else';
/** Of each round that counts. */
const MOST_TRIES = 3;

/** A text says why nothing was measured. */
export async function measureWorkers(options: WorkersOptions): Promise<Workers | string> {
  const reason = withoutWrk();
  if (reason !== undefined) return reason;
  const redis = await startRedis({ appendfsync: 'everysec' });
  const KEY_ENCRYPTION_KEY = newKeyEncryptionKey();
  const start = (workers: number): Promise<TestService> =>
    startService({
      config: CONFIG,
      env: { STORE_URL: redis.url, WORKERS: String(workers), KEY_ENCRYPTION_KEY },
    });
  const one = await start(1);
  const two = await start(2);
  try {
    const { body: client } = await portal(one).create({ client_name: 'bench', scope: 'read write' });
    const load = { client, resource: RESOURCES.ES256, seconds: options.workerSeconds };
    if (!(await becameCalm())) return BUSY;
    for (const service of [one, two]) await costOf(service, load);
    const rounds: { one: Cost; two: Cost }[] = [];
    for (let tries = 0; rounds.length < options.workerRounds; tries += 1) {
      if (tries === MOST_TRIES * options.workerRounds || !(await becameCalm())) return BUSY;
      const round = { one: await costOf(one, load), two: await costOf(two, load) };
      // A neighbour that came meanwhile took its share from the two workers, and none from the one.
      if (round.one.undisturbed && round.two.undisturbed) rounds.push(round);
    }
    const middle = (read: (round: { one: Cost; two: Cost }) => number) => rounded(median(rounds.map(read)));
    return {
      cpuUs: { one: middle((round) => round.one.cpuUs), two: middle((round) => round.two.cpuUs) },
      perSecond: {
        one: middle((round) => round.one.perSecond),
        two: middle((round) => round.two.perSecond),
      },
      cpuTwoOverOne: middle((round) => round.two.cpuUs / round.one.cpuUs),
      throughputTwoOverOne: middle((round) => round.two.perSecond / round.one.perSecond),
    };
  } finally {
    await Promise.all([one.stop(), two.stop()]);
    await redis.stop();
  }
}

interface Cost {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly undisturbed: boolean;
}

/** Of a service with all its workers. */
async function costOf({ pid, publicPort }: TestService, load: Omit<WrkLoad, 'port'>): Promise<Cost> {
  const used = () => [pid, ...childrenOf(pid)].reduce((sum, each) => sum + cpuSeconds(each), 0);
  const before = { service: used(), generator: endedChildrenSeconds() };
  const others = watchOthers();
  const { requests, seconds } = await runWrk({ ...load, port: publicPort });
  const service = used() - before.service;
  const generator = endedChildrenSeconds() - before.generator;
  return {
    cpuUs: (service / requests) * 1e6,
    perSecond: requests / seconds,
    undisturbed: others.wereCalm(service + generator),
  };
}
