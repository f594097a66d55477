/**
 * The key-encryption key of a first start on a laptop: made once and kept beside the ring, which in
 * production would be the key under the mat. So the application asks for it in development only.
 */
import { join } from 'node:path';
import type { RandomBytes } from '../lib/random.ts';
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import type { KeyEncryptionKey } from './derive.ts';
import { parseKeyEncryptionKey } from './key-encryption-key.ts';
import { DEVELOPMENT_KEK_FILE, REPLICA_FILE } from './keys-directory.ts';
import { createPrivateFile, readPrivateFile } from './private-file.ts';
import { RingError } from './ring-error.ts';
import { nowhere } from './ring-places.ts';

/**
 * Reads the key in `directory`, or creates it where there is no ring yet, here or in the store. Throws
 * `RingError`, also when the store can't tell: not to know is no reason to make one.
 */
export async function developmentKeyEncryptionKey(
  directory: string,
  random: RandomBytes,
  isRingStored: () => Promise<boolean>,
): Promise<KeyEncryptionKey> {
  const path = join(directory, DEVELOPMENT_KEK_FILE);
  const known = await readPrivateFile(path);
  if (known !== undefined) return parse(known, path);

  // A new key could not open that ring: creating one would only hide which key is missing.
  const replica = join(directory, REPLICA_FILE);
  if ((await readPrivateFile(replica)) !== undefined) throw missing(path, replica);
  const isStored = await isRingStored().catch((error) => {
    throw error instanceof StoreUnavailable ? nowhere(replica, error) : error;
  });
  if (isStored) {
    // Another process that started at the same time may have made both since we looked, the key first.
    const made = await readPrivateFile(path);
    if (made === undefined) throw missing(path, 'The key ring in the store');
    return parse(made, path);
  }

  const created = Buffer.from(random(32)).toString('base64url');
  if ((await createPrivateFile(path, `${created}\n`, random)) === 'created') return parse(created, path);
  // Another process that started at the same time was first: its key is the one.
  return parse((await readPrivateFile(path)) ?? '', path);
}

function parse(text: string, path: string): KeyEncryptionKey {
  try {
    return parseKeyEncryptionKey(text.trimEnd());
  } catch (error) {
    const advice = "Restore it; without it the key ring beside it can't be opened.";
    throw new RingError('kek_invalid', `${path} does not hold a key-encryption key. ${advice}`, error);
  }
}

function missing(path: string, ring: string): RingError {
  return new RingError(
    'kek_missing',
    `${ring} was written under another key-encryption key, and ${path} is not there. Set KEY_ENCRYPTION_KEY ` +
      `to that key or restore ${path}; to start anew in development, remove the keys directory's files and the store.`,
  );
}
