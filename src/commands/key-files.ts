/** The files of `keys export` and `keys import`: what is written is sealed, what is read must be private. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { createPrivateFile, readFileOfOurs } from '../keys/private-file.ts';
import { RingError } from '../keys/ring-error.ts';

/** The ring as it is stored: it opens under KEY_ENCRYPTION_KEY only. Throws `RingError`; never overwrites. */
export async function exportRing(file: string, document: string): Promise<void> {
  const path = resolve(file);
  if ((await createPrivateFile(path, document, randomBytes)) === 'created') return;
  throw new RingError('file_unwritable', `${path} exists already: name another file`);
}

/**
 * A key, an exported ring, or a passphrase: on the command line every user of the machine could read it. A line
 * break at its end is not part of it.
 */
export async function readImport(file: string): Promise<string> {
  return (await readFileOfOurs(resolve(file))).replace(/[\r\n]+$/, '');
}
