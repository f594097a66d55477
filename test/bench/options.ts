/** What `npm run bench -- …` takes. Wrong usage ends with 2. */
import { parseArgs } from 'node:util';
import type { BenchOptions } from './measure.ts';

/** More than the cache holds; some two minutes more, and 2 GiB. */
const MILLION = 1_000_000;
/** Some two minutes on an idle machine of two cores. */
const THOROUGH: BenchOptions = {
  warmUpRequests: 6000,
  requests: 2000,
  rounds: 9,
  manyClients: 100_000,
  redisClients: 10_000,
  moreRedisClients: 0,
  workerRounds: 5,
  workerSeconds: 2,
  starts: 3,
  latencyRequests: 1000,
  settledAfterLoadMs: 20_000,
};
/** Under a minute. */
const QUICK: BenchOptions = {
  warmUpRequests: 5000,
  requests: 800,
  rounds: 3,
  manyClients: 5000,
  redisClients: 2000,
  moreRedisClients: 0,
  workerRounds: 3,
  workerSeconds: 1,
  starts: 1,
  latencyRequests: 200,
  settledAfterLoadMs: 11_000,
};

/** `json`: the last line alone. */
export function benchOptions(): { readonly options: BenchOptions; readonly json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        requests: { type: 'string' },
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        million: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const defaults = values.quick ? QUICK : THOROUGH;
    const requests = positiveInteger('--requests', values.requests) ?? defaults.requests;
    const rounds = positiveInteger('--rounds', values.rounds) ?? defaults.rounds;
    const moreRedisClients = values.million ? MILLION - defaults.redisClients : 0;
    return { options: { ...defaults, requests, rounds, moreRedisClients }, json: values.json };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error('npm run bench -- [--quick] [--million] [--requests N] [--rounds N] [--json]');
    process.exit(2);
  }
}

function positiveInteger(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`${option} takes a whole number above 0`);
}
