/** What `npm run bench -- …` takes. Wrong usage ends with 2. */
import { parseArgs } from 'node:util';
import type { BenchOptions } from './measure.ts';

/** Some two minutes on an idle machine of two cores. */
const THOROUGH: BenchOptions = {
  warmUpRequests: 6000,
  requests: 2000,
  rounds: 9,
  manyClients: 100_000,
  starts: 3,
  latencyRequests: 1000,
  settledAfterLoadMs: 20_000,
};
/** Under 20 s. */
const QUICK: BenchOptions = {
  warmUpRequests: 5000,
  requests: 800,
  rounds: 3,
  manyClients: 5000,
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
        json: { type: 'boolean', default: false },
      },
    });
    const defaults = values.quick ? QUICK : THOROUGH;
    const requests = positiveInteger('--requests', values.requests) ?? defaults.requests;
    const rounds = positiveInteger('--rounds', values.rounds) ?? defaults.rounds;
    return { options: { ...defaults, requests, rounds }, json: values.json };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error('npm run bench -- [--quick] [--requests N] [--rounds N] [--json]');
    process.exit(2);
  }
}

function positiveInteger(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`${option} takes a whole number above 0`);
}
