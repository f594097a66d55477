/**
 * Where Redis is, from one URL. Pure. A malformed URL is an error that names what is wrong and shows an
 * example; nothing of the URL is repeated, because any part of it may turn out to be the password.
 */
import { StoreMisconfigured } from '../store-misconfigured.ts';

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

export interface RedisTarget {
  readonly mode: 'standalone' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  /** The server, the Sentinels, or the cluster's seed nodes. */
  readonly nodes: readonly [RedisNode, ...RedisNode[]];
  /** Absent: Redis's `default` user. */
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  /** Sentinel only: what the Sentinels call the primary. */
  readonly primaryName?: string;
}

const MODES = {
  '': { mode: 'standalone', port: 6379, example: 'redis://:password@127.0.0.1:6379/0' },
  '+sentinel': {
    mode: 'sentinel',
    port: 26379,
    example: 'redis+sentinel://:password@10.0.0.1:26379,10.0.0.2:26379/primary-name/0',
  },
  '+cluster': {
    mode: 'cluster',
    port: 6379,
    example: 'redis+cluster://:password@10.0.0.1:6379,10.0.0.2:6379',
  },
} as const;

const URL_PARTS = /^redis(s?)(|\+sentinel|\+cluster):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?$/;
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?$/;
/** What Sentinel itself accepts as a name. */
const PRIMARY_NAME = /^[A-Za-z0-9._-]+$/;
const DATABASE = /^[0-9]{1,4}$/;

export function parseRedisUrl(url: string): RedisTarget {
  const parts = URL_PARTS.exec(url);
  if (parts === null) {
    throw malformed('must be scheme://user:password@host:port, everything special in it percent-encoded', '');
  }
  const [, secure = '', kind = '', credentials, hosts = '', path = ''] = parts;
  const form = kind as keyof typeof MODES;
  const { mode, port } = MODES[form];

  const [first, ...others] = hosts.split(',').map((host) => parseNode(host, port, form));
  if (first === undefined || (mode === 'standalone' && others.length > 0)) {
    throw malformed('must name one host; several are for redis+sentinel:// and redis+cluster://', form);
  }
  return {
    mode,
    tls: secure === 's',
    nodes: [first, ...others],
    ...parseCredentials(credentials, form),
    ...parsePath(path, form),
  };
}

function parseNode(text: string, defaultPort: number, form: keyof typeof MODES): RedisNode {
  const [, ipv6, name, digits] = HOST.exec(text) ?? [];
  const host = ipv6 ?? name;
  if (host === undefined) throw malformed('must have host:port after the "://" and the credentials', form);
  const port = digits === undefined ? defaultPort : Number(digits);
  if (port < 1 || port > 65535) throw malformed('must have ports from 1 to 65535', form);
  return { host, port };
}

function parseCredentials(
  text: string | undefined,
  form: keyof typeof MODES,
): Pick<RedisTarget, 'username' | 'password'> {
  if (text === undefined || text === '') return {};
  const colon = text.indexOf(':');
  // Redis has no user without a password; a lone word is most likely a password in the user's place.
  if (colon < 0 || colon === text.length - 1) {
    throw malformed('must have ":password@" or "user:password@" before the host', form);
  }
  try {
    const username = decodeURIComponent(text.slice(0, colon));
    const password = decodeURIComponent(text.slice(colon + 1));
    return username === '' ? { password } : { username, password };
  } catch {
    throw malformed('must have credentials that are percent-encoded ("%" itself is "%25")', form);
  }
}

function parsePath(path: string, form: keyof typeof MODES): Pick<RedisTarget, 'db' | 'primaryName'> {
  const [first = '', second = '', ...rest] = path.split('/');
  if (form === '+sentinel') {
    if (!PRIMARY_NAME.test(first) || rest.length > 0 || !(second === '' || DATABASE.test(second))) {
      throw malformed(
        "must have the primary's name after the hosts, then a database number or nothing",
        form,
      );
    }
    return { primaryName: first, db: Number(second) };
  }
  if (form === '+cluster' && path !== '') {
    throw malformed('must end after the hosts: Redis Cluster has only database 0', form);
  }
  if (!(path === '' || DATABASE.test(path)))
    throw malformed('must end with a database number or nothing', form);
  return { db: Number(path) };
}

function malformed(problem: string, form: keyof typeof MODES): StoreMisconfigured {
  return new StoreMisconfigured(`the Redis URL ${problem}; for example ${MODES[form].example}`);
}
