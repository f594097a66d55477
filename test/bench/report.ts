/** The tables of a run, for a person. */
import { ALGS } from './bare-settings.ts';
import type { BenchOptions, Cost, Measured } from './measure.ts';
import { SERVERS, type ServerName } from './servers.ts';

export interface Report {
  readonly machine: { readonly node: string; readonly cpu: string; readonly cores: number };
  readonly options: BenchOptions;
  readonly measured: Measured;
  readonly bounds: readonly {
    readonly name: string;
    readonly value: number;
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
    table([
      ['Open loop, 70 % of capacity', 'a second', 'p50 ms', 'p99 ms'],
      ['ES256 token', ...Object.values(measured.many.openLoop).map(String)],
    ]),
    '',
    table([
      ['Bound', 'measured', 'limit', ''],
      ...bounds.map(({ name, value, limit, unit, ok }) => [
        name,
        `${value} ${unit}`,
        `${limit} ${unit}`,
        ok ? 'ok' : 'EXCEEDED',
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
