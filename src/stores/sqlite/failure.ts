/**
 * SQLite's errors in the store's words. Whatever SQLite could not do (BUSY, FULL, IOERR, READONLY, CORRUPT,
 * CANTOPEN, a closed handle), the store is unavailable. Anything else is a fault of ours and passes as it is.
 */
import { StoreUnavailable } from '../../lib/store-unavailable.ts';

const SQLITE_CODES: ReadonlySet<unknown> = new Set(['ERR_SQLITE_ERROR', 'ERR_INVALID_STATE']);

export function isSqliteError(error: unknown): error is Error & { code: string; errcode?: number } {
  return error instanceof Error && 'code' in error && SQLITE_CODES.has(error.code);
}

/** What to throw for `error`, which `operation` met. */
export function failure(operation: string, outcome: 'not_done' | 'unknown', error: unknown): unknown {
  return isSqliteError(error) ? new StoreUnavailable(operation, outcome, error) : error;
}

/** Primary result codes: the low byte of the extended ones that `node:sqlite` reports. */
export const SQLITE_BUSY = 5;
export const SQLITE_NOTADB = 26;

export function primaryCode(error: unknown): number | undefined {
  return isSqliteError(error) && error.errcode !== undefined ? error.errcode & 0xff : undefined;
}
