/** Every implementation of the store's ports; the contract runs over each of them. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ClientId } from '../../src/clients/client-id.ts';
import type { Store } from '../../src/stores/store.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import { tempDir } from '../support/temp.ts';
import { openAt, type StoreLocation } from './open-at.ts';

/** One empty place to store things, and ways to look at it from behind. */
export interface Place {
  readonly location: StoreLocation;
  /** A handle of its own, as another node or the command line would have. */
  open(): Promise<Store>;
  /** Overwrites what is stored of the client by `text`. */
  damage(id: ClientId, text: string): Promise<void>;
  /** All that is stored, to be compared with an earlier state of it. */
  contents(): Promise<unknown>;
}

export interface Implementation {
  readonly name: string;
  /** Once before the first `place`; resolves to what ends it. */
  start(): Promise<() => Promise<void>>;
  place(): Place;
}

export const IMPLEMENTATIONS: readonly Implementation[] = [
  { name: 'sqlite', start: async () => async () => {}, place: sqlitePlace },
  redis('redis', () => startRedis()),
  // One server is enough to be told CROSSSLOT when a commit's keys are not in one slot.
  redis('redis cluster', () => startRedisCluster()),
];

function sqlitePlace(): Place {
  const file = join(tempDir('sqlite'), 'store.db');
  return {
    location: { kind: 'sqlite', file },
    open: () => openAt({ kind: 'sqlite', file }),
    async damage(id, text) {
      const handle = new DatabaseSync(file);
      handle.prepare('UPDATE clients SET record = ? WHERE client_id = ?').run(text, id);
      handle.close();
    },
    async contents() {
      const handle = new DatabaseSync(file, { readOnly: true });
      const tables = handle.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
      const rows = tables.map(({ name }) => handle.prepare(`SELECT * FROM ${name} ORDER BY 1, 2`).all());
      handle.close();
      return rows;
    },
  };
}

/** Without what time alone changes. */
const EVERYTHING = `
  local keys, all = redis.call('KEYS', ARGV[1]), {}
  table.sort(keys)
  for i, key in ipairs(keys) do all[i] = key .. redis.sha1hex(redis.call('DUMP', key)) end
  return all
`;

function redis(name: string, startServer: () => Promise<RedisServer>): Implementation {
  let server: RedisServer;
  return {
    name,
    async start() {
      server = await startServer();
      return () => server.stop();
    },
    place() {
      const location = {
        kind: 'redis',
        url: server.url,
        keyPrefix: `{${randomBytes(6).toString('hex')}}:`,
      } as const;
      return {
        location,
        open: () => openAt(location),
        async damage(id, text) {
          await server.command(
            'SET',
            `${location.keyPrefix}client:${id}`,
            `1 01790000000\nactive\n\n${text}`,
          );
        },
        contents: () => server.command('EVAL', EVERYTHING, '0', `${location.keyPrefix}*`),
      };
    },
  };
}
