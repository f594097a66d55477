/**
 * The embedded store: one file, one service process, nothing to install. The command line may open the
 * same file beside it. Every call is synchronous underneath: a read is microseconds, a commit one fsync.
 */

import type { Stats } from 'node:fs';
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { StoreUnavailable } from '../../lib/store-unavailable.ts';
import { memoryRateLimiter } from '../memory-rate-limiter.ts';
import type { Durability, Store } from '../store.ts';
import { sqliteChanges } from './changes.ts';
import { sqliteClients } from './clients.ts';
import { openDatabase } from './database.ts';
import { failure } from './failure.ts';
import { sqliteIntents } from './intents.ts';
import { sqliteLeases } from './leases.ts';
import { openFile } from './open-file.ts';
import { sqlitePortals } from './portals.ts';
import { sqliteReaders } from './readers.ts';
import { sqliteReplays } from './replays.ts';
import { sqliteRevocations } from './revocations.ts';
import { sqliteRings } from './rings.ts';
import { sqliteSecretUsage } from './secret-usage.ts';

export interface SqliteStoreOptions {
  /** Path of the database file; it and its directory are created when missing. */
  readonly file: string;
}

/** Throws `StoreMisconfigured` when the file can't be the store. */
export async function openSqliteStore({ file }: SqliteStoreOptions): Promise<Store> {
  const handle = await openFile(file);
  const opened = statSync(file);
  const database = openDatabase(handle);
  const probe = database.prepare('SELECT 1 FROM ring');
  return {
    kind: 'sqlite',
    clients: sqliteClients(database),
    clientChanges: sqliteChanges(database),
    portals: sqlitePortals(database),
    rings: sqliteRings(database),
    secretUsage: sqliteSecretUsage(database),
    intents: sqliteIntents(database),
    leases: sqliteLeases(database),
    readers: sqliteReaders(database),
    revocations: sqliteRevocations(database),
    replays: sqliteReplays(database),
    rateLimiter: memoryRateLimiter,
    async ping() {
      database.read('ping', () => probe.get());
      refuseUnlinked(file, opened);
    },
    // It is on this machine, under this machine's clock.
    time: () => undefined,
    durability: async () => durability(handle, file),
    async close() {
      if (handle.isOpen) handle.close();
    },
  };
}

/** A file that was deleted or replaced still takes commits, and they are lost with the process. */
function refuseUnlinked(file: string, opened: Stats): void {
  let now: Stats | undefined;
  try {
    now = statSync(file);
  } catch (error) {
    throw new StoreUnavailable(`ping: ${file} can't be seen any more`, 'not_done', error);
  }
  if (now.ino !== opened.ino || now.dev !== opened.dev) {
    throw new StoreUnavailable(`ping: ${file} was replaced while in use`, 'not_done');
  }
}

function durability(handle: DatabaseSync, file: string): Durability {
  try {
    const journal = handle.prepare('PRAGMA journal_mode').get()?.journal_mode;
    const synchronous = handle.prepare('PRAGMA synchronous').get()?.synchronous;
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
    const shared = (mode & 0o077) !== 0;
    return {
      // 2 is FULL: every commit waits for its fsync.
      durable: journal === 'wal' && synchronous === 2,
      warnings: shared ? [`${file} can be read by other users: run chmod 600 ${file}`] : [],
    };
  } catch (error) {
    throw failure('durability', 'not_done', error);
  }
}
