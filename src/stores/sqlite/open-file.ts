/**
 * Opens the database file, creating it for this process's user alone, and sets what a promise rests on:
 * WAL so that the command line reads while the service writes, `synchronous=FULL` so that a commit is on
 * disk before it is acknowledged.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreMisconfigured } from '../store-misconfigured.ts';
import { isSqliteError, primaryCode, SQLITE_BUSY, SQLITE_NOTADB } from './failure.ts';
import { migrate, refuseForeign } from './schema.ts';

/**
 * How long a call waits for another process's write to end. The wait blocks this whole process, token
 * road included, so it is shorter than the second in which a refusal must come.
 */
const BUSY_TIMEOUT_MS = 400;
/** Two processes that start at once meet in the switch to WAL, which does not wait by itself. */
const OPEN_ATTEMPTS = 20;
const OPEN_PAUSE_MS = 50;

export async function openFile(file: string): Promise<DatabaseSync> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return open(file);
    } catch (error) {
      if (primaryCode(error) !== SQLITE_BUSY || attempt === OPEN_ATTEMPTS) throw inWords(file, error);
      await sleep(OPEN_PAUSE_MS);
    }
  }
}

function open(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // SQLite would create it with the umask's mode; -wal and -shm take over the mode of the file.
  closeSync(openSync(file, 'a', 0o600));
  const handle = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    refuseForeign(handle, file);
    const mode = handle.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
    if (mode !== 'wal') {
      throw new StoreMisconfigured(
        `${file} can't be kept in WAL mode (it is in "${mode}"): put it on a local file system`,
      );
    }
    handle.exec('PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF');
    migrate(handle, file);
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

function inWords(file: string, error: unknown): unknown {
  if (primaryCode(error) === SQLITE_NOTADB) {
    return new StoreMisconfigured(
      `${file} is not a SQLite database: name another file in STORE_URL, or move this one away`,
      { cause: error },
    );
  }
  if (isSqliteError(error)) {
    return new StoreMisconfigured(`${file} can't be opened as the store: ${error.message}`, { cause: error });
  }
  if (error instanceof Error && 'syscall' in error && 'code' in error) {
    return new StoreMisconfigured(
      `${file} can't be opened as the store (${String(error.code)}): this process's user must be able to ` +
        'create, read and write it and its directory',
      { cause: error },
    );
  }
  return error;
}
