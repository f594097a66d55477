/**
 * What ioredis and Redis throw, in the store's words. Two decisions are made here: whether a commit can
 * have happened, and what of a foreign error may be kept. ioredis errors carry the command's arguments,
 * which hold what is being stored (L-26): only a name, a code and a shortened message go on.
 */
import { StoreUnavailable } from '../../lib/store-unavailable.ts';

/**
 * Redis's refusals that come before a script's first write. Others are not in here on purpose: NOPERM or
 * WRONGTYPE can meet a script half-way.
 */
const REFUSED_BY_REDIS: ReadonlySet<string> = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'CROSSSLOT',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'MOVED',
  'NOAUTH',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'WRONGPASS',
]);

/** What ioredis says when it has not sent the command: the connection was not there to take it. */
const NOT_SENT = /enableOfflineQueue options is false$/;

/** `unknown` whenever it can't be excluded that Redis got the command: closed or timed out after it was sent. */
export function commitOutcome(error: unknown): 'not_done' | 'unknown' {
  const message = error instanceof Error ? error.message : '';
  return NOT_SENT.test(message) || REFUSED_BY_REDIS.has(replyCode(message)) ? 'not_done' : 'unknown';
}

export function commitFailed(operation: string, error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  return new StoreUnavailable(operation, commitOutcome(error), stripped(error));
}

/** A read changes nothing, whether its answer was lost or not. */
export function readFailed(operation: string, error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  return new StoreUnavailable(operation, 'not_done', stripped(error));
}

/** The first word of Redis's error replies: `OOM command not allowed …`. */
export function replyCode(message: string): string {
  return /^[A-Z]+(?= |$)/.exec(message)?.[0] ?? '';
}

/** Where messages start to quote: Redis shows an unknown command's arguments, ioredis a stray reply. */
const QUOTES = /(?:, with args beginning with:|\. Last reply:).*$/s;
const MAX_MESSAGE_CHARACTERS = 200;

export function stripped(error: unknown): Error {
  const { name, message, code } = (error instanceof Error ? error : {}) as Partial<NodeJS.ErrnoException>;
  // Its own words name a setting of ours; an operator looks for the line that says why there is no connection.
  const known = NOT_SENT.test(message ?? '') ? 'there is no connection to Redis' : message;
  const text = (known || code || 'failed without a message').replace(QUOTES, '');
  const plain = new Error(text.slice(0, MAX_MESSAGE_CHARACTERS));
  plain.name = name ?? 'Error';
  return code === undefined ? plain : Object.assign(plain, { code });
}
