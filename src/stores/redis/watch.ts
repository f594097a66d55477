/**
 * Listens to a connection for as long as it lives. An `error` event without a listener would end the
 * process. The log gets one line when a connection is lost and one when it is back, however often
 * reconnecting fails in between, and of an error only what `stripped` leaves.
 */
import type { Redis } from 'ioredis';
import { stripped } from './failure.ts';
import type { Connection } from './script.ts';

export interface StoreLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export function watch(connection: Connection, name: string, log: StoreLog | undefined): void {
  let state: 'opening' | 'up' | 'down' = 'opening';
  const lost = (error: unknown): void => {
    if (state === 'down') return;
    state = 'down';
    const { message, code } = stripped(error) as NodeJS.ErrnoException;
    log?.warn({ connection: name, reason: message, code }, 'store unavailable: Redis connection lost');
  };
  connection.on('error', lost);
  connection.on('node error', lost);
  connection.on('reconnecting', () => lost(new Error('connection closed')));
  const back = (): void => {
    if (state === 'down') log?.info({ connection: name }, 'Redis connection is back');
    state = 'up';
  };
  connection.on('ready', back);
  // A cluster stays `ready` while its servers come and go.
  connection.on('+node', (node: Redis) => node.on('ready', back));
}

/** Resolves when the connection is ready, has failed for the first time, or `timeoutMs` have passed. */
export function firstAttempt(connection: Connection, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, timeoutMs);
    const events = ['ready', 'error', 'node error', 'end'];
    function done(): void {
      clearTimeout(timer);
      for (const event of events) connection.off(event, done);
      resolve();
    }
    for (const event of events) connection.on(event, done);
  });
}
