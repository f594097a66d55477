/** Who may touch a private file: the rules about type, owner and mode (S-KEY-01), and how to put it right. */
import type { Stats } from 'node:fs';
import { RingError } from './ring-error.ts';

/** Everything that the group and the world may do. */
export const OF_OTHERS = 0o077;
/** A ring is a few KiB; whatever is larger was not written by us. */
const MAX_BYTES = 1024 * 1024;

export function refuseUnsafeFile(stats: Stats, path: string): void {
  if (!stats.isFile()) throw unsafe(path, 'is not a regular file', 'move it away');
  if (stats.size > MAX_BYTES) throw unsafe(path, `is larger than ${MAX_BYTES} bytes`, 'move it away');
  if (isForeign(stats)) throw foreign(path, stats);
  if (stats.mode & OF_OTHERS) {
    throw unsafe(path, `can be reached by other users (mode ${octal(stats)})`, `run: chmod 600 ${path}`);
  }
}

export function symbolicLink(path: string): RingError {
  return unsafe(path, 'is a symbolic link', 'put the file itself in its place');
}

export function isForeign(stats: Stats): boolean {
  return process.geteuid !== undefined && stats.uid !== process.geteuid();
}

export function foreign(path: string, stats: Stats): RingError {
  const user = process.geteuid?.();
  return unsafe(path, `belongs to user ${stats.uid}, not to user ${user}`, `run: chown ${user} ${path}`);
}

export function unsafe(path: string, what: string, remedy: string): RingError {
  return new RingError(
    'file_unsafe',
    `${path} ${what}. Make sure that nobody has read or replaced it, then ${remedy}`,
  );
}

export function octal(stats: Stats): string {
  return `0${(stats.mode & 0o777).toString(8)}`;
}
