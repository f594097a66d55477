/**
 * Connections to Redis, with every option on which a promise rests pinned. What they have in common:
 * nothing is queued while Redis is away, nothing is sent twice (L-27), a hang is noticed and cut,
 * and reconnecting never stops and never waits longer than a second, so that recovery needs no restart.
 */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisTarget } from './redis-url.ts';
import type { Connection } from './script.ts';

/** Without what ioredis's constructors take only in a stricter form. */
type Options = Omit<RedisOptions, 'replyMapping'>;

/** Shorter than the second in which a refusal must come, with room for the HTTP around it. */
export const COMMAND_TIMEOUT_MS = 450;
/**
 * A connection that owes an answer for so many times that is cut, and until it is back every call is refused at
 * once. Longer than the command's own timeout: one slow fsync fails one command, not the connection.
 */
const SOCKET_TIMEOUTS = 2;
const CONNECT_TIMEOUT_MS = 1000;
const MAX_RECONNECT_DELAY_MS = 1000;

/** Always a number: on anything else ioredis gives up for good. */
export function reconnectDelayMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt - 1, 10), MAX_RECONNECT_DELAY_MS);
}

const PINNED = {
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: CONNECT_TIMEOUT_MS,
  /** A hung server never ends its side; do not wait for it. */
  disconnectTimeout: 100,
  enableReadyCheck: true,
  maxLoadingRetryTime: 500,
  /** A primary that became a replica: look for the primary again. Never 2, which sends the command again. */
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} as const satisfies Options;

export function connect(
  target: RedisTarget,
  name: string,
  commandTimeoutMs = COMMAND_TIMEOUT_MS,
): Connection {
  const common: Options = {
    ...PINNED,
    commandTimeout: commandTimeoutMs,
    socketTimeout: SOCKET_TIMEOUTS * commandTimeoutMs,
    connectionName: `dcr-bridge-${name}`,
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls ? { tls: {} } : {}),
  };
  const single: Options = {
    ...common,
    db: target.db,
    enableOfflineQueue: false,
    retryStrategy: reconnectDelayMs,
  };
  switch (target.mode) {
    case 'standalone':
      return new Redis({ ...single, ...target.nodes[0] });
    case 'sentinel':
      return new Redis({ ...single, ...sentinelOptions(target) });
    case 'cluster':
      return clusterOf(target, common);
  }
}

/** For good. Nothing of it keeps the process then. */
export function disconnect(connection: Connection): void {
  connection.disconnect();
  // A look at the slots that is under way, ioredis 6: when it has failed it sets the timer for the next, again and again.
  if (connection instanceof Cluster) connection.refreshSlotsCache = () => {};
}

function sentinelOptions({ nodes, primaryName, password, tls }: RedisTarget): Options {
  return {
    sentinels: [...nodes],
    ...(primaryName === undefined ? {} : { name: primaryName }),
    role: 'master',
    // Offered as the `default` user's: Sentinels without a password take any.
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
    sentinelRetryStrategy: reconnectDelayMs,
  };
}

function clusterOf({ nodes }: RedisTarget, redisOptions: Options): Cluster {
  return new Cluster([...nodes], {
    redisOptions,
    enableOfflineQueue: false,
    scaleReads: 'master',
    clusterRetryStrategy: reconnectDelayMs,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    slotsRefreshInterval: 2000,
    maxRedirections: 4,
    // Both would send a command again whose first sending may have been executed.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
  });
}
