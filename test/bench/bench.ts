/**
 * `npm run bench`: what a token costs above the least that it can cost, how fast the service starts and
 * what it holds. Prints tables for a person and one JSON line, last; exits with 1 when a bound is exceeded.
 * Ratios and CPU times hold on any machine, latencies only on this one.
 */
import { cpus } from 'node:os';
import { type Measured, measure } from './measure.ts';
import { benchOptions } from './options.ts';
import { tables } from './report.ts';
import { rounded } from './statistics.ts';

/** Everything that the service promises about its speed and size. Above `limit`, the run fails. */
const BOUNDS = [
  {
    // Issue 5, "Speed". The floor is as fast as it goes: a stock oidc-provider takes two to three times as much.
    name: 'CPU of an ES256 token over the floor',
    limit: 1.25,
    unit: '×',
    measured: ({ tokens }: Measured) => tokens.ES256.service.overFloor,
  },
  {
    name: 'CPU of an RS256 token over the floor',
    limit: 1.1,
    unit: '×',
    measured: ({ tokens }: Measured) => tokens.RS256.service.overFloor,
  },
  {
    name: 'CPU of the JWKS over the floor',
    limit: 1.3,
    unit: '×',
    measured: ({ jwks }: Measured) => jwks.service.overFloor,
  },
  {
    // All are in memory: what is more is what a cache of that size costs the processor's own.
    name: 'CPU of a token, many clients over one',
    limit: 1.2,
    unit: '×',
    measured: ({ many }: Measured) => many.manyOverOne,
  },
  {
    // All are in memory, as above.
    name: 'CPU of a token, many clients in Redis over one',
    limit: 1.2,
    unit: '×',
    measured: ({ redis }: Measured) => redis.manyOverOne,
  },
  {
    // Issue 5, "Speed". Most are not in memory, and a token asks Redis first.
    name: 'CPU of a token, a million clients in Redis over one',
    limit: 2,
    unit: '×',
    measured: ({ redis: { million } }: Measured) =>
      typeof million === 'string' ? million : million.manyOverOne,
  },
  {
    // Issue 5, "Speed": a stock oidc-provider takes at least half as much again.
    name: "CPU of a token over a stock oidc-provider's, over the same Redis",
    limit: rounded(1 / 1.5),
    unit: '×',
    measured: ({ redis }: Measured) => rounded(1 / redis.stockOverOurs),
  },
  {
    // Issue 5, "Speed": a start reads no client.
    name: 'Start with many clients in Redis over one with none',
    limit: 1.25,
    unit: '×',
    measured: ({ redis }: Measured) => rounded(redis.startMs.filled / redis.startMs.empty),
  },
  {
    // Issue 5, "Speed".
    name: 'CPU of a token, two workers over one process',
    limit: 1.1,
    unit: '×',
    measured: ({ workers }: Measured) => (typeof workers === 'string' ? workers : workers.cpuTwoOverOne),
  },
  {
    // Issue 5, "Speed": 1.5 times as many, on two cores that the generator shares.
    name: 'Time of a token, two workers over one process',
    limit: rounded(1 / 1.5),
    unit: '×',
    measured: ({ workers }: Measured) =>
      typeof workers === 'string' ? workers : rounded(1 / workers.throughputTwoOverOne),
  },
  {
    name: 'p99 at 70 % of capacity, open loop',
    limit: 20,
    unit: 'ms',
    measured: ({ many }: Measured) => many.openLoop.p99Ms,
  },
  {
    // Issue 2, "Speed": keys, store and first portal are made.
    name: 'First start, embedded store',
    limit: 1500,
    unit: 'ms',
    measured: ({ start }: Measured) => start.firstMs,
  },
  {
    // Issue 2, "Speed".
    name: 'Restart, embedded store',
    limit: 1500,
    unit: 'ms',
    measured: ({ start }: Measured) => start.restartMs,
  },
  {
    // Issue 2, "Speed", says 120. Every start but the very first: that one loads Node.js's compiler of types too.
    name: 'Idle memory after the start',
    limit: 115,
    unit: 'MiB',
    measured: ({ memory }: Measured) => memory.afterStartMiB,
  },
  {
    // Issue 2, "Speed": what load took must be given back.
    name: 'Idle memory after 2,000 tokens',
    limit: 115,
    unit: 'MiB',
    measured: ({ memory }: Measured) => memory.afterTokensMiB,
  },
] as const;

const { options, json } = benchOptions();
const began = performance.now();
const measured = await measure(options);
const bounds = BOUNDS.map(({ name, limit, unit, measured: read }) => {
  const value = read(measured);
  // A text is the reason why it could not be measured here; what was not measured is not exceeded.
  return { name, value, limit, unit, ok: typeof value === 'string' || value <= limit };
});
const ok = bounds.every((bound) => bound.ok);
const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
const seconds = Math.round((performance.now() - began) / 1000);

if (!json) console.log(tables({ machine, options, measured, bounds, seconds }));
console.log(JSON.stringify({ ok, machine, options, seconds, bounds, ...measured }));
process.exitCode = ok ? 0 : 1;
