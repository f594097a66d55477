/**
 * `npm run bench:bridge [-- local|upstream]`: what a registration costs. Prints a table and one JSON line, last;
 * exits with 1 when a bound is exceeded.
 *
 * `local`: how many clients a second the bridge registers, each acknowledged only when it is on disk, at 50
 * callers at once, on the embedded store and on Redis with `appendfsync always`; and what a registered client
 * takes of memory and disk. `upstream`: what the bridge adds to an identity provider's own time.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRedis } from '../support/redis.ts';
import { API_KEY, startService, type TestService } from '../support/service.ts';
import { type BesideHung, HUNG_CALLERS } from './beside-hung.ts';
import { runLoad } from './load.ts';
import { cpuSeconds } from './process-usage.ts';
import { jsonRequest } from './requests.ts';
import { percentile, rounded } from './statistics.ts';
import { ADDED_LIMIT_MS, measureUpstream } from './upstream.ts';

const CALLERS = 50;
/** Issue 3, "Speed": p99 under 25 ms at 50 parallel callers. */
const P99_LIMIT_MS = 25;
const NO_LIMITS = { max_clients: 10_000_000, calls_per_minute: 1_000_000 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { clients: { type: 'string', default: '100000' }, quick: { type: 'boolean', default: false } },
});
const clients = values.quick ? 5_000 : Number(values.clients);

interface Result {
  readonly store: string;
  readonly createsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicrosecondsPerCreate: number;
  readonly bytesPerClient: number;
  readonly bytesAre: string;
}

const PARTS: Readonly<Record<string, () => Promise<readonly string[]>>> = { local, upstream };
const unknown = positionals.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error('npm run bench:bridge -- [local|upstream] [--quick] [--clients N]');
  process.exit(2);
}
const exceeded: string[] = [];
for (const [name, part] of Object.entries(PARTS)) {
  if (positionals.length === 0 || positionals.includes(name)) exceeded.push(...(await part()));
}
for (const line of exceeded) console.error(line);
process.exitCode = exceeded.length > 0 ? 1 : 0;

/** Resolves with the bounds that were exceeded, as each part does. */
async function local(): Promise<readonly string[]> {
  const results = [await onSqlite(), await onRedis()];
  console.table(results);
  console.log(JSON.stringify({ bench: 'bridge', clients, callers: CALLERS, results }));
  return results
    .filter(({ p99Ms }) => p99Ms > P99_LIMIT_MS)
    .map(({ store, p99Ms }) => `${store}: p99 ${p99Ms} ms is above ${P99_LIMIT_MS} ms`);
}

async function upstream(): Promise<readonly string[]> {
  const options = values.quick ? { rounds: 9, requests: 25 } : { rounds: 31, requests: 40 };
  const results = [await measureUpstream('sqlite', options)];
  const redis = await startRedis({ appendfsync: 'always' });
  try {
    results.push(await measureUpstream('redis', options, { STORE_URL: redis.url }));
  } finally {
    await redis.stop();
  }
  const rows = results.flatMap(({ store, added }) => added.map((row) => ({ store, ...row })));
  console.table(rows);
  console.table(results.flatMap(({ store, besideHung }) => waitRows(store, besideHung)));
  console.log(JSON.stringify({ bench: 'bridge upstream', results }));
  return rows
    .filter(({ addedP50Ms }) => addedP50Ms > ADDED_LIMIT_MS)
    .map((row) => `${row.store}, ${row.upstream}: adds ${row.addedP50Ms} ms, above ${ADDED_LIMIT_MS} ms`);
}

function waitRows(store: string, { without, beside }: BesideHung): readonly object[] {
  return [
    { store, hungCallers: 0, ...without },
    { store, hungCallers: HUNG_CALLERS, ...beside },
  ];
}

async function onSqlite(): Promise<Result> {
  const service = await startService({ config: await config() });
  try {
    const before = bytesOf(service.directory);
    const measured = await creates(service);
    const bytes = (bytesOf(service.directory) - before) / clients;
    return { store: 'sqlite', ...measured, bytesPerClient: Math.round(bytes), bytesAre: 'disk' };
  } finally {
    await service.stop();
  }
}

async function onRedis(): Promise<Result> {
  const redis = await startRedis({ appendfsync: 'always' });
  const service = await startService({ config: await config(), env: { STORE_URL: redis.url } });
  try {
    const before = await memoryOf(redis);
    const measured = await creates(service);
    const bytes = ((await memoryOf(redis)) - before) / clients;
    return { store: 'redis', ...measured, bytesPerClient: Math.round(bytes), bytesAre: 'memory' };
  } finally {
    await service.stop();
    await redis.stop();
  }
}

async function creates(service: TestService) {
  const { port } = new URL(service.managementUrl);
  const load = { port: Number(port), request: createRequest(), status: 201, connections: CALLERS };
  await runLoad({ ...load, requests: 2_000 });
  const began = { cpu: cpuSeconds(service.pid), ms: performance.now() };
  const latencies = await runLoad({ ...load, requests: clients });
  const seconds = (performance.now() - began.ms) / 1000;
  return {
    createsPerSecond: Math.round(clients / seconds),
    p50Ms: rounded(percentile(latencies, 0.5)),
    p99Ms: rounded(percentile(latencies, 0.99)),
    cpuMicrosecondsPerCreate: rounded(((cpuSeconds(service.pid) - began.cpu) / clients) * 1e6),
  };
}

function createRequest(): Buffer {
  const document = {
    client_name: 'order sync',
    redirect_uris: ['https://app.example.com/callback'],
    scope: 'read',
    labels: { application_id: 'app-7' },
  };
  return jsonRequest('/bridge/local/clients', { 'x-api-key': API_KEY }, document);
}

async function config(): Promise<Readonly<Record<string, unknown>>> {
  const { default: shipped } = await import('../../config/default.json', { with: { type: 'json' } });
  const { $schema: _, ...members } = shipped;
  return { ...members, portals: { '*': { ...shipped.portals['*'], ...NO_LIMITS } } };
}

function bytesOf(directory: string): number {
  const files = readdirSync(directory).filter((name) => name.startsWith('store.db'));
  return files.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

async function memoryOf(redis: Awaited<ReturnType<typeof startRedis>>): Promise<number> {
  const info = String(await redis.command('INFO', 'memory'));
  return Number(/used_memory:(\d+)/.exec(info)?.[1]);
}
