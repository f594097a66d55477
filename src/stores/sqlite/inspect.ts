/**
 * A look at the embedded store from beside the service. A file whose last user closed it is read as it lies:
 * SQLite would put `-wal` and `-shm` beside it otherwise, and leave them there.
 */
import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { type Finding, failed, ok, warning } from '../../lib/finding.ts';
import type { StoreInspection } from '../inspection.ts';
import { openDatabase } from './database.ts';
import { fileFindings } from './file-findings.ts';
import { sqliteIntents } from './intents.ts';
import { sqlitePortals } from './portals.ts';
import { quickCheck } from './quick-check.ts';
import { sqliteReaders } from './readers.ts';
import { sqliteRings } from './rings.ts';
import { isBehind, refuseForeign } from './schema.ts';

const BUSY_TIMEOUT_MS = 400;

/** Never rejects. */
export async function inspectSqlite(file: string): Promise<StoreInspection> {
  if (!existsSync(file)) {
    const remedy = 'the first start makes it; if there was one, put STORE_URL right';
    return { findings: [warning('store', `there is no ${file}`, remedy)], close: () => {} };
  }
  let handle: DatabaseSync | undefined;
  const close = () => handle?.close();
  try {
    handle = new DatabaseSync(readableAs(file), { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    refuseForeign(handle, file);
    const findings: readonly Finding[] = [
      ok('store', `${file}, ${Math.ceil(statSync(file).size / 1024)} KiB, can be read`),
      ...fileFindings(file),
      await quickCheck(readableAs(file)),
    ];
    if (isBehind(handle)) {
      const found = `${file} was written by an older version of this service`;
      const remedy = 'start the service on it: it brings the file up to date';
      return { findings: [...findings, warning('store schema', found, remedy)], close };
    }
    const database = openDatabase(handle);
    const contents = {
      rings: sqliteRings(database),
      readers: sqliteReaders(database),
      portals: sqlitePortals(database),
      intents: sqliteIntents(database),
    };
    return { findings, contents, close };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    const remedy = 'run doctor as the user of the service, and put STORE_URL or the file right';
    return { findings: [failed('store', `${file} can't be used: ${reason}`, remedy)], close };
  }
}

/** As it lies, where nobody has it open: then there is no `-wal`, unless a crash left one. */
function readableAs(file: string): string {
  return existsSync(`${file}-wal`) ? file : `${pathToFileURL(file).href}?immutable=1`;
}
