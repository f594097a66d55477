/** What the database file and its disk say, without SQLite. */
import { closeSync, openSync, readSync, statfsSync, statSync } from 'node:fs';
import { type Finding, failed, ok, warning } from '../../lib/finding.ts';

export function fileFindings(file: string): readonly Finding[] {
  return [journal(file), permissions(file), space(file)];
}

/** Offset 18 of the header: 2 is WAL (https://www.sqlite.org/fileformat.html, section 1.3.3). */
const WRITE_VERSION_AT = 18;
const WAL = 2;

/** `synchronous` is no property of the file: the service sets it to FULL each time it opens it. */
function journal(file: string): Finding {
  const header = Buffer.alloc(WRITE_VERSION_AT + 1);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, header.length, 0);
  } finally {
    closeSync(descriptor);
  }
  if (header[WRITE_VERSION_AT] === WAL) {
    return ok('store durability', 'WAL; the service opens it with synchronous=FULL');
  }
  const remedy = 'start the service on it: it switches the file to WAL, or says why it can not';
  return warning('store durability', `${file} is not in WAL mode`, remedy);
}

function permissions(file: string): Finding {
  const mode = statSync(file).mode & 0o777;
  const octal = `0${mode.toString(8)}`;
  return mode & 0o077
    ? warning(
        'store permissions',
        `${file} can be read by other users (mode ${octal})`,
        `run chmod 600 ${file}`,
      )
    : ok('store permissions', `mode ${octal}`);
}

const MIB = 1024 * 1024;
const LITTLE_BYTES = 256 * MIB;
/** A WAL of the size that SQLite lets it grow to must have room at the least. */
const NOTHING_BYTES = 16 * MIB;

function space(file: string): Finding {
  const { bavail, bsize } = statfsSync(file);
  const free = bavail * bsize;
  const found = `${Math.floor(free / MIB)} MiB free on its disk`;
  if (free >= LITTLE_BYTES) return ok('store disk', found);
  const remedy = 'make room on the disk of STORE_URL: a full one refuses every change';
  return free < NOTHING_BYTES ? failed('store disk', found, remedy) : warning('store disk', found, remedy);
}
