/**
 * Whether what Redis acknowledges is on its disk, and what else of its set-up would lose clients. Each
 * weakness says what to set. What we may not ask (an ACL, a managed Redis) is a line too:
 * not known is not the same as well.
 */
import { Cluster, type Redis } from 'ioredis';
import { asLine, type Finding, failed, warning } from '../../lib/finding.ts';
import type { Durability } from '../store.ts';
import { readFailed, replyCode } from './failure.ts';
import type { RedisTarget } from './redis-url.ts';
import type { Connection } from './script.ts';

export async function redisDurability(connection: Connection, target: RedisTarget): Promise<Durability> {
  try {
    const all = await Promise.all(
      serversOf(connection).map(async (server) => weaknesses(await settingsOf(server))),
    );
    const findings = [...all.flatMap(({ findings }) => findings), ...exposure(target)];
    return {
      durable: all.every(({ durable }) => durable),
      warnings: [...new Set(findings.map(asLine))],
    };
  } catch (error) {
    throw readFailed('durability', error);
  }
}

/** Each that holds a part of the data. */
export function serversOf(connection: Connection): readonly Redis[] {
  const servers = connection instanceof Cluster ? connection.nodes('master') : [connection];
  // A cluster that is not there yet knows no server, and knowing none must not read as "all well".
  if (servers.length === 0) throw new Error('no server of the cluster is known');
  return servers;
}

const SETTINGS = ['appendonly', 'appendfsync', 'save', 'maxmemory-policy'] as const;

/** `undefined`: the server does not tell. */
export type Settings = Readonly<Record<(typeof SETTINGS)[number] | 'role', string | undefined>>;

export async function settingsOf(server: Redis): Promise<Settings> {
  const values = await Promise.all(SETTINGS.map((name) => setting(server, name)));
  const role = await answered(server.info('replication'));
  return {
    appendonly: values[0],
    appendfsync: values[1],
    save: values[2],
    'maxmemory-policy': values[3],
    role: role === undefined ? undefined : /^role:(\w+)/m.exec(role)?.[1],
  };
}

/** `undefined`: the server does not tell. */
export async function setting(server: Redis, name: string): Promise<string | undefined> {
  const reply = (await answered(server.config('GET', name))) as readonly string[] | undefined;
  return reply?.[1];
}

/** A server that refuses to tell has answered; one that does not answer is the caller's failure. */
export async function answered<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof Error && ['NOPERM', 'ERR'].includes(replyCode(error.message))) return undefined;
    throw error;
  }
}

export function weaknesses(settings: Settings): {
  readonly durable: boolean;
  readonly findings: readonly Finding[];
} {
  const { appendonly, appendfsync, role } = settings;
  return {
    durable: appendonly === 'yes' && appendfsync === 'always' && role !== 'slave',
    findings: [...inRole(settings), ...onDisk(settings), ...inMemory(settings)],
  };
}

function inRole({ role }: Settings): readonly Finding[] {
  if (role !== 'slave') return [];
  const found = 'Redis is a read-only replica and refuses every change';
  return [failed('store role', found, 'name its primary in STORE_URL')];
}

function onDisk({ appendonly, appendfsync, save }: Settings): readonly Finding[] {
  const check = 'store durability';
  if (appendonly === undefined || appendfsync === undefined) {
    return [
      warning(
        check,
        'could not check whether Redis keeps what it acknowledges',
        'allow this user CONFIG GET, or see to "appendonly yes" and "appendfsync always" yourself',
      ),
    ];
  }
  if (appendonly !== 'yes') {
    return [
      warning(
        check,
        `Redis keeps ${save === '' ? 'nothing on disk' : 'only snapshots'}, so a restart loses clients that ` +
          'were acknowledged',
        'set "appendonly yes" and "appendfsync always"',
      ),
    ];
  }
  if (appendfsync === 'always') return [];
  return [
    warning(
      check,
      `Redis acknowledges before it has written to disk (appendfsync ${appendfsync}), so a power cut loses ` +
        `${appendfsync === 'everysec' ? 'the last second or two' : 'the last half minute or more'}`,
      'set "appendfsync always"',
    ),
  ];
}

function inMemory({ 'maxmemory-policy': eviction }: Settings): readonly Finding[] {
  const check = 'store eviction';
  if (eviction === 'noeviction') return [];
  if (eviction === undefined) {
    return [
      warning(
        check,
        'could not check whether Redis evicts clients when its memory is full',
        'allow this user CONFIG GET, or see to "maxmemory-policy noeviction" yourself',
      ),
    ];
  }
  const found = `Redis throws data away when its memory is full (maxmemory-policy ${eviction})`;
  return [failed(check, found, 'set "maxmemory-policy noeviction"')];
}

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|::1)$/i;

/** Off this machine, whoever reaches the port owns every client, and whoever is on the wire reads along. */
export function exposure({ nodes, password, tls }: RedisTarget): readonly Finding[] {
  if (nodes.every(({ host }) => LOOPBACK.test(host))) return [];
  const check = 'store transport';
  const open = warning(
    check,
    'Redis is reached over the network without a password',
    'set "requirepass" or an ACL user there, and redis://user:password@… in STORE_URL',
  );
  const readable = warning(
    check,
    'Redis is reached over the network in clear',
    'set up TLS there, and rediss:// in STORE_URL',
  );
  return [...(password === undefined ? [open] : []), ...(tls ? [] : [readable])];
}
