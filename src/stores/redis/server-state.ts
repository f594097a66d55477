/** How a Redis server is doing by its own account (INFO), and what of that needs somebody. */
import type { Redis } from 'ioredis';
import { type Finding, failed, ok, warning } from '../../lib/finding.ts';
import { answered, setting } from './durability.ts';

/** The lines of INFO, and one setting; without those that the server does not tell. */
export type ServerState = Readonly<Record<string, string | undefined>>;

export async function serverState(server: Redis): Promise<ServerState> {
  const [info, needed] = await Promise.all([
    answered(server.info()),
    setting(server, 'min-replicas-to-write'),
  ]);
  const lines = (info ?? '').split('\r\n').map((line) => line.split(/:(.*)/s) as [string, string?]);
  return { ...Object.fromEntries(lines), 'min-replicas-to-write': needed };
}

export function serverFindings(state: ServerState): readonly Finding[] {
  if (state.redis_version === undefined) {
    const found = 'Redis does not tell this user how it is doing (INFO)';
    return [warning('store state', found, 'allow the user of STORE_URL the command INFO')];
  }
  return [version(state), memory(state), persistence(state), replicas(state)].filter(
    (finding) => finding !== undefined,
  );
}

/** What the tests run with. An older one may do, and nobody has seen it. */
const OLDEST_MAJOR = 7;

function version({ redis_version = '' }: ServerState): Finding {
  if (Number.parseInt(redis_version, 10) >= OLDEST_MAJOR)
    return ok('store version', `Redis ${redis_version}`);
  return warning(
    'store version',
    `Redis ${redis_version} is older than any that was tried`,
    'run Redis 7 or later',
  );
}

const MIB = 1024 * 1024;
const NEARLY_FULL = 0.8;

function memory({ used_memory, maxmemory, total_system_memory }: ServerState): Finding | undefined {
  const used = Number(used_memory ?? Number.NaN);
  const limit = Number(maxmemory ?? 0);
  const most = limit || Number(total_system_memory ?? 0);
  if (Number.isNaN(used)) return undefined;
  const of =
    limit > 0 ? `of ${mib(limit)} MiB (maxmemory)` : `of its machine's ${mib(most)} MiB, no maxmemory`;
  const found = `${mib(used)} MiB used ${of}`;
  if (most === 0 || used < most * NEARLY_FULL) return ok('store memory', found);
  const remedy = 'give Redis more memory and raise "maxmemory" before it refuses every new client';
  return used < most ? warning('store memory', found, remedy) : failed('store memory', found, remedy);
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0);
}

const PERSISTENCE: readonly (readonly [line: string, result: typeof failed, what: string])[] = [
  ['aof_last_write_status', failed, 'the last write to the append-only file failed'],
  ['aof_last_bgrewrite_status', warning, 'the last rewrite of the append-only file failed'],
  ['rdb_last_bgsave_status', warning, 'the last snapshot failed'],
];

function persistence(state: ServerState): Finding {
  const wrong = PERSISTENCE.find(([line]) => (state[line] ?? 'ok') !== 'ok');
  if (wrong === undefined) return ok('store writes to disk', 'the last ones succeeded');
  const [line, result, what] = wrong;
  const remedy = "look into Redis's log and at its disk: full, read-only or broken";
  return result('store writes to disk', `${what} (${line})`, remedy);
}

function replicas(state: ServerState): Finding {
  const connected = Number(state.connected_slaves ?? 0);
  const needed = Number(state['min-replicas-to-write'] ?? 0);
  if (connected === 0 && needed === 0) return ok('store replicas', 'none: no failover can lose a write');
  if (connected < needed) {
    const found = `${connected} of the ${needed} that a write needs: every change is refused`;
    return failed('store replicas', found, 'start the replicas, or lower "min-replicas-to-write"');
  }
  if (needed > 0) return ok('store replicas', `${connected}, and a write needs ${needed}`);
  return warning(
    'store replicas',
    `${connected}, and Redis takes writes while none follows: a failover may lose acknowledged ones`,
    'set "min-replicas-to-write 1" and "min-replicas-max-lag 10" at the primary',
  );
}
