/**
 * The keys directory: what is in it, and who may change it. A checkout makes it 0755 (or 0775), so one that
 * is ours is closed; somebody else's is refused, and so is one that we can't close and others may write.
 */
import type { Stats } from 'node:fs';
import { chmod, readdir, stat } from 'node:fs/promises';
import { foreign, isForeign, OF_OTHERS, octal, unsafe } from './private-file-mode.ts';

export const REPLICA_FILE = 'ring.json';
export const SERVED_FILE = 'ring.json.served';
export const DEVELOPMENT_KEK_FILE = 'development-kek';

const WRITABLE_BY_OTHERS = 0o022;
const ROOT = 0;

/** Throws `RingError`, or the file system's error when there is no such directory. */
export async function refuseUnsafeDirectory(path: string): Promise<void> {
  const found = await stat(path);
  // Root may keep the directory, closed to writing, for a service that only reads there.
  if (isForeign(found) && found.uid !== ROOT) throw foreign(path, found);
  if (!isForeign(found) && found.mode & OF_OTHERS && (await holdsOnlyKeys(path))) {
    // On a read-only file system this fails, and need not succeed: the files in it are closed themselves.
    await chmod(path, 0o700).catch(() => {});
  }
  refuseWritable(path, await stat(path));
}

/** The same without closing anything: what a start would refuse. Throws like `refuseUnsafeDirectory`. */
export async function lookAtDirectory(path: string): Promise<'closed' | 'open_to_readers'> {
  const found = await stat(path);
  if (isForeign(found) && found.uid !== ROOT) throw foreign(path, found);
  if ((found.mode & OF_OTHERS) === 0) return 'closed';
  if (isForeign(found) || !(await holdsOnlyKeys(path))) refuseWritable(path, found);
  return 'open_to_readers';
}

function refuseWritable(path: string, stats: Stats): void {
  if (stats.mode & WRITABLE_BY_OTHERS) {
    throw unsafe(path, `can be written by other users (mode ${octal(stats)})`, `run: chmod 700 ${path}`);
  }
}

/** A `KEYS_DIR` of `/etc` or `/tmp` is a mistake that must not cost the machine. */
async function holdsOnlyKeys(path: string): Promise<boolean> {
  const names = await readdir(path);
  return names.every(
    (name) => name.startsWith('.') || name.startsWith(REPLICA_FILE) || name.startsWith(DEVELOPMENT_KEK_FILE),
  );
}
