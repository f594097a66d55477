/**
 * Files that only this process's user may read or write, in a directory that only that user may change:
 * what `keys/` holds. A read refuses what others could have planted, written or read (S-KEY-01), with the
 * command that puts it right; a write leaves the old content or the new, never a part (S-KEY-03).
 */
import { constants } from 'node:fs';
import { link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RandomBytes } from '../lib/random.ts';
import { refuseUnsafeDirectory } from './keys-directory.ts';
import { refuseUnsafeFile, symbolicLink } from './private-file-mode.ts';
import { RingError } from './ring-error.ts';

/** The content, or `undefined` when there is no such file; every other obstacle is a `RingError`. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    await refuseUnsafeDirectory(dirname(path));
    return await readUnlinked(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    if (hasCode(error, 'ELOOP')) throw symbolicLink(path);
    throw error instanceof RingError ? error : unreadable(path, error);
  }
}

/** The content of a file that a person put somewhere: only its own owner and mode count. Throws `RingError`. */
export async function readFileOfOurs(path: string): Promise<string> {
  try {
    return await readUnlinked(path);
  } catch (error) {
    if (hasCode(error, 'ELOOP')) throw symbolicLink(path);
    throw error instanceof RingError ? error : unreadable(path, error);
  }
}

async function readUnlinked(path: string): Promise<string> {
  // No link is followed, and opening a pipe does not wait for its writer.
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  // Asked of the open file, so that it can't be another one by the time it is read.
  refuseUnsafeFile(await file.stat(), path);
  return await file.readFile('utf8');
}

/** Durable when it resolves. Throws `RingError`; one whole content, old or new, is then there. */
export async function replacePrivateFile(path: string, content: string, random: RandomBytes): Promise<void> {
  await write(path, content, random, rename);
}

/** As above, but leaves a file that is there: of many processes that create one at once, one does. */
export async function createPrivateFile(
  path: string,
  content: string,
  random: RandomBytes,
): Promise<'created' | 'exists'> {
  try {
    // A rename would replace; a second link to a name is refused.
    await write(path, content, random, link);
    return 'created';
  } catch (error) {
    if (error instanceof RingError && hasCode(error.cause, 'EEXIST')) return 'exists';
    throw error;
  }
}

async function write(
  path: string,
  content: string,
  random: RandomBytes,
  place: (from: string, to: string) => Promise<void>,
): Promise<void> {
  // A name of its own: processes that share the directory never write into each other's file.
  const temporary = `${path}.${Buffer.from(random(8)).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await refuseUnsafeDirectory(dirname(path));
    await writeDurably(temporary, content);
    await place(temporary, path);
    await using directory = await open(dirname(path), constants.O_RDONLY);
    // Until the directory is on disk too, a power cut could bring the old name back.
    await directory.sync();
    await removeLeftovers(path).catch(() => {});
  } catch (error) {
    throw error instanceof RingError ? error : unwritable(path, error);
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

async function writeDurably(path: string, content: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(content, 'utf8');
  await file.sync();
}

const LEFTOVER_AGE_MS = 60 * 1000;

/** Temporary files of writers that were killed. Younger ones may be another process's, still at work. */
async function removeLeftovers(path: string): Promise<void> {
  const written = await stat(path);
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.`) || !name.endsWith('.tmp')) continue;
    const leftover = join(dirname(path), name);
    const { mtimeMs } = await stat(leftover).catch(() => written);
    if (mtimeMs < written.mtimeMs - LEFTOVER_AGE_MS) await unlink(leftover).catch(() => {});
  }
}

function unreadable(path: string, cause: unknown): RingError {
  const advice = "Give this process's user access to it, or move it away if it is not needed.";
  return new RingError('file_unreadable', `${path} can't be read (${codeOf(cause)}). ${advice}`, cause);
}

function unwritable(path: string, cause: unknown): RingError {
  const advice = "Let this process's user write to that directory, and see that the disk has space.";
  return new RingError('file_unwritable', `${path} can't be written (${codeOf(cause)}). ${advice}`, cause);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function hasCode(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}
