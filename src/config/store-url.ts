/**
 * Which store, by the scheme of one URL:
 * - `sqlite:<file>`
 * - `redis://[[user]:password@]host[:port][/database]`
 * - `redis+sentinel://[[user]:password@]host[:port],host[:port]/<name of the primary>[/database]`
 * - `redis+cluster://[[user]:password@]host[:port],host[:port]`
 *
 * and `rediss` for TLS in each of the last three. Here its form is checked, so that it is reported with
 * every other problem, and its password is found; what it leads to is the store's business.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import { isLoopbackHost } from './loopback.ts';

const SQLITE = 'sqlite:';
const REDIS = /^redis(s?)(|\+sentinel|\+cluster):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?$/;
const DATABASE = /^[0-9]{0,4}$/;

export const storeUrl = z
  .string()
  .max(2048)
  .superRefine((url, context) => {
    const message = url.startsWith(SQLITE) ? fileProblem(url.slice(SQLITE.length)) : redisProblem(url);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

function fileProblem(file: string): string | undefined {
  if (file === '' || file.includes('\0')) return 'must name a file: sqlite:<file>';
  if (file === ':memory:') return 'must name a file: a store in memory forgets every client on restart';
  // Elsewhere two slashes start a host; here they would silently become the root of the file system.
  if (/^\/\/[^/]/.test(file)) return 'must be sqlite:relative/file or sqlite:/absolute/file, without "//"';
  return undefined;
}

function redisProblem(url: string): string | undefined {
  const parts = parseRedis(url);
  if (parts === undefined) {
    return 'must be sqlite:<file> or a redis://, rediss://, redis+sentinel:// or redis+cluster:// URL, everything special in it percent-encoded';
  }
  const { kind, credentials, hosts, path } = parts;
  if (credentials !== '' && !isCredentials(credentials)) {
    return 'must have ":password@" or "user:password@" before the host, percent-encoded';
  }
  if (!hosts.every(isHost)) return 'must have host:port after the "://" and the credentials';
  const [first = '', second = '', ...rest] = path.split('/');
  switch (kind) {
    case '+sentinel':
      return /^[A-Za-z0-9._-]+$/.test(first) && DATABASE.test(second) && rest.length === 0
        ? undefined
        : 'must have the name of the primary after the hosts: redis+sentinel://host:26379/<name>';
    case '+cluster':
      return path === '' ? undefined : 'must end after the hosts: Redis Cluster has only one database';
    default:
      if (hosts.length > 1)
        return 'must name one host; several are for redis+sentinel:// and redis+cluster://';
      return DATABASE.test(path) ? undefined : 'must end with the number of a database or with nothing';
  }
}

interface RedisParts {
  readonly tls: boolean;
  readonly kind: string;
  /** What stands before the `@`, `''` for nothing. */
  readonly credentials: string;
  readonly hosts: readonly string[];
  readonly path: string;
}

function parseRedis(url: string): RedisParts | undefined {
  const parts = REDIS.exec(url);
  if (parts === null) return undefined;
  const [, secure, kind = '', credentials = '', hosts = '', path = ''] = parts;
  return { tls: secure === 's', kind, credentials, hosts: hosts.split(','), path };
}

/** Redis has no user without a password: a lone word is most likely a password in the user's place. */
function isCredentials(text: string): boolean {
  if (!/^[^:]*:./.test(text)) return false;
  try {
    return decodeURIComponent(text) !== '';
  } catch {
    return false;
  }
}

function isHost(text: string): boolean {
  const parts = HOST.exec(text);
  const port = Number(parts?.[1] ?? 1);
  return parts !== null && port >= 1 && port <= 65_535;
}

export function isEmbedded(url: string): boolean {
  return url.startsWith(SQLITE);
}

export function hasPassword(url: string): boolean {
  return isCredentials(parseRedis(url)?.credentials ?? '');
}

export function usesTls(url: string): boolean {
  return parseRedis(url)?.tls === true;
}

/** Whether the store is on this machine, as an embedded one always is. */
export function isLocalStore(url: string): boolean {
  const { hosts = [] } = parseRedis(url) ?? {};
  return hosts.every((host) => isLoopbackHost(host.replace(/:[0-9]{1,5}$/, '')));
}

/** Wider than `hasPassword`: what is malformed may hold a password too. */
export function mayHoldSecret(url: string): boolean {
  return !isEmbedded(url) && /[@?#]/.test(url);
}

/** The URL for people to read. */
export function maskStoreUrl(url: string): string {
  return isEmbedded(url) ? url : url.replace(/^([^/]*:\/\/[^:@]*):.*@/, '$1:***@');
}

/** The URL with the file of an embedded store made absolute. */
export function resolveStoreUrl(url: string, cwd: string): string {
  return isEmbedded(url) ? SQLITE + resolve(cwd, url.slice(SQLITE.length)) : url;
}
