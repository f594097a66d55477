/** The tables of a run, for a person. */
import { ALGS } from './bare-settings.ts';
import type { BenchOptions, Cost, Measured } from './measure.ts';
import type { MoreThanCached, RedisClients } from './redis-clients.ts';
import { SERVERS, type ServerName } from './servers.ts';
import type { Workers } from './workers.ts';

export interface Report {
  readonly machine: { readonly node: string; readonly cpu: string; readonly cores: number };
  readonly options: BenchOptions;
  readonly measured: Measured;
  readonly bounds: readonly {
    readonly name: string;
    /** A text says why it was not measured. */
    readonly value: number | string;
    readonly limit: number;
    readonly unit: string;
    readonly ok: boolean;
  }[];
  readonly seconds: number;
}

const NAMES: Readonly<Record<ServerName, string>> = {
  floor: 'floor (bare node:http)',
  service: 'dcr-bridge',
  stock: 'oidc-provider, stock',
};

export function tables({ machine, options, measured, bounds, seconds }: Report): string {
  return [
    `dcr-bridge bench · Node.js ${machine.node} · ${machine.cores} × ${machine.cpu} · ${seconds} s`,
    `${options.rounds} alternating rounds of ${options.requests} requests, medians`,
    '',
    table([['CPU per request', 'µs', '× floor', 'least – most'], ...costRows(measured)]),
    '',
    table([['Latency, mostly idle server', 'p50 ms', 'p99 ms'], ...latencyRows(measured)]),
    '',
    table([
      ['Clients, drawn uniformly', 'µs', '× one'],
      ['one', String(measured.many.oneCpuUs), ''],
      [
        measured.many.clients.toLocaleString('en'),
        String(measured.many.manyCpuUs),
        String(measured.many.manyOverOne),
      ],
    ]),
    '',
    table([['Clients in Redis, drawn uniformly', 'µs', '× one'], ...redisRows(measured.redis)]),
    '',
    table([['Clients that prove a key (ES256), over Redis', 'µs', '× floor'], ...assertionRows(measured)]),
    '',
    ...(typeof measured.workers === 'string' ? [] : [workersTable(measured.workers), '']),
    table([
      ['Open loop, 70 % of capacity', 'a second', 'p50 ms', 'p99 ms'],
      ['ES256 token', ...Object.values(measured.many.openLoop).map(String)],
    ]),
    '',
    table([
      ['Bound', 'measured', 'limit', ''],
      ...bounds.map(({ name, value, limit, unit, ok }) => [
        name,
        typeof value === 'string' ? '' : `${value} ${unit}`,
        `${limit} ${unit}`,
        typeof value === 'string' ? `skipped: ${value}` : ok ? 'ok' : 'EXCEEDED',
      ]),
    ]),
    '',
  ].join('\n');
}

function costRows({ tokens, jwks }: Measured): string[][] {
  return [
    ...ALGS.flatMap((alg) => SERVERS.map((name) => costRow(`${alg} token`, name, tokens[alg][name]))),
    costRow('JWKS', 'floor', jwks.floor),
    costRow('JWKS', 'service', jwks.service),
  ];
}

function redisRows({ clients, cpuUs, manyOverOne, million, ...redis }: RedisClients): string[][] {
  const many = clients.toLocaleString('en');
  return [
    ['one · dcr-bridge', String(cpuUs.one), ''],
    [`${many} · dcr-bridge`, String(cpuUs.many), String(manyOverOne)],
    [`${many} · oidc-provider, stock`, String(cpuUs.stock), ''],
    ...(typeof million === 'string' ? [] : millionRows(million)),
    [`a start with none, with all: ${redis.startMs.empty} ms, ${redis.startMs.filled} ms`, '', ''],
  ];
}

function millionRows({ clients, cpuUs, manyOverOne, ...million }: MoreThanCached): string[][] {
  return [
    ['one of many more', String(cpuUs.one), ''],
    [`${clients.toLocaleString('en')} · dcr-bridge`, String(cpuUs.many), String(manyOverOne)],
    [`a client takes ${million.redisBytesPerClient} bytes of Redis;`, '', ''],
    [`the service, its cache full, ${million.residentMiB} MiB`, '', ''],
  ];
}

function assertionRows({ assertions: { cpuUs, overFloor, claim } }: Measured): string[][] {
  return [
    [NAMES.floor, String(cpuUs.floor), ''],
    [NAMES.service, String(cpuUs.service), String(overFloor)],
    [`an assertion leaves ${claim.bytes} bytes in Redis for at most ${claim.seconds} s`, '', ''],
  ];
}

function workersTable({ cpuUs, perSecond }: Workers): string {
  return table([
    ['Workers on two cores, with the generator', 'µs', 'a second'],
    ['one process', String(cpuUs.one), String(perSecond.one)],
    ['two workers', String(cpuUs.two), String(perSecond.two)],
  ]);
}

function costRow(what: string, name: ServerName, { cpuUs, overFloor, overFloorRange }: Cost): string[] {
  const ratios = name === 'floor' ? ['', ''] : [String(overFloor), overFloorRange.join(' – ')];
  return [`${what} · ${NAMES[name]}`, String(cpuUs), ...ratios];
}

function latencyRows({ latency }: Measured): string[][] {
  return ALGS.flatMap((alg) =>
    SERVERS.map((name) => {
      const { p50Ms, p99Ms } = latency[alg][name];
      return [`${alg} token · ${NAMES[name]}`, String(p50Ms), String(p99Ms)];
    }),
  );
}

/** The first column to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}
