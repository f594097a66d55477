/**
 * The key-encryption key, the keys directory and the ring in both its places, read as a start would read them
 * and never put right: a start closes a directory and writes the ring back, this only says that it would.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDevelopmentIssuer } from '../../config/issuer.ts';
import type { Config } from '../../config/schema.ts';
import { parseKeyEncryptionKey, weaknessOf } from '../../keys/key-encryption-key.ts';
import { DEVELOPMENT_KEK_FILE, lookAtDirectory, REPLICA_FILE } from '../../keys/keys-directory.ts';
import { type OpenedRing, openRing } from '../../keys/opened-ring.ts';
import { readFileOfOurs } from '../../keys/private-file.ts';
import type { Ring } from '../../keys/ring.ts';
import { type KeyEncryptionKeys, kekId } from '../../keys/ring-document.ts';
import { replicaPlace, STORE } from '../../keys/ring-places.ts';
import { type Finding, failed, ok, warning } from '../../lib/finding.ts';
import type { StoreContents } from '../../stores/inspection.ts';
import { compareRings } from './compare-rings.ts';
import { inWords } from './in-words.ts';

const KEK = 'key-encryption key';
const RING = 'key ring';

/** Never rejects. */
export async function lookAtKeys(
  config: Config,
  contents: StoreContents | undefined,
): Promise<{ readonly findings: readonly Finding[]; readonly ring: Ring | undefined }> {
  const directory = await keysDirectory(config.keys_dir);
  try {
    const keks = await keyEncryptionKeys(config);
    if (keks === undefined) {
      const made = ok(KEK, 'none yet: the first start makes one, in development only');
      return { findings: [made, directory], ring: undefined };
    }
    const rings = await openRings(config, keks, contents);
    return {
      findings: [keyOf(config, keks, rings.ring), directory, ...rings.findings],
      ring: rings.ring?.ring,
    };
  } catch (error) {
    const finding = inWords((found, remedy) => failed(KEK, found, remedy), error, 'set KEY_ENCRYPTION_KEY');
    return { findings: [finding, directory], ring: undefined };
  }
}

async function keysDirectory(path: string): Promise<Finding> {
  const check = 'keys directory';
  if (!existsSync(path)) return ok(check, `${path} is not there yet: the first start makes it`);
  try {
    const seen = await lookAtDirectory(path);
    const files = [REPLICA_FILE, DEVELOPMENT_KEK_FILE].map((name) => join(path, name)).filter(existsSync);
    await Promise.all(files.map(readFileOfOurs));
    if (seen === 'closed') return ok(check, `${path} and what is in it are this user's alone`);
    return warning(check, `other users can look into ${path}`, `run chmod 700 ${path}, which is KEYS_DIR`);
  } catch (error) {
    return inWords((found, remedy) => failed(check, found, remedy), error, 'put KEYS_DIR right');
  }
}

/** `undefined`: a development set-up that has not made its own yet. Throws `RingError`. */
async function keyEncryptionKeys(config: Config): Promise<KeyEncryptionKeys | undefined> {
  const { key_encryption_key: text, key_encryption_key_previous: previous } = config;
  const given = text ?? (await developmentKey(config));
  if (given === undefined) return undefined;
  return {
    kek: parseKeyEncryptionKey(given),
    previousKek: previous === undefined ? undefined : parseKeyEncryptionKey(previous),
  };
}

async function developmentKey({ keys_dir }: Config): Promise<string | undefined> {
  const path = join(keys_dir, DEVELOPMENT_KEK_FILE);
  return existsSync(path) ? (await readFileOfOurs(path)).trimEnd() : undefined;
}

function keyOf(
  { key_encryption_key: text, keys_dir, issuer }: Config,
  { kek, previousKek }: KeyEncryptionKeys,
  ring: OpenedRing | undefined,
): Finding {
  const id = `id ${kekId(kek)}`;
  if (text === undefined) return ok(KEK, `${id}, made by a first start in ${keys_dir}: development only`);
  const weakness = weaknessOf(kek);
  if (weakness !== undefined) {
    const remedy = "make one for KEY_ENCRYPTION_KEY with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='";
    return warning(KEK, `it ${weakness}, so it is not random`, remedy);
  }
  if (!isDevelopmentIssuer(issuer) && existsSync(join(keys_dir, DEVELOPMENT_KEK_FILE))) {
    const remedy =
      'start production with an empty KEYS_DIR and a KEY_ENCRYPTION_KEY that was never in a file there';
    return warning(KEK, `${keys_dir} comes from a development set-up (${DEVELOPMENT_KEK_FILE})`, remedy);
  }
  if (previousKek !== undefined && ring !== undefined) {
    const rewrapped = ring.kek === kek;
    return warning(
      KEK,
      rewrapped ? `${id}; the previous one is still set` : 'the ring is still sealed under the previous one',
      rewrapped ? 'take KEY_ENCRYPTION_KEY_PREVIOUS away from every node' : 'run dcr-bridge keys rewrap',
    );
  }
  return ok(KEK, id);
}

async function openRings(
  config: Config,
  keks: KeyEncryptionKeys,
  contents: StoreContents | undefined,
): Promise<{ readonly findings: readonly Finding[]; readonly ring: OpenedRing | undefined }> {
  const path = join(config.keys_dir, REPLICA_FILE);
  const fail = (error: unknown) =>
    inWords((found, remedy) => failed(RING, found, remedy), error, 'see what is said of the store');
  try {
    const copy = existsSync(path)
      ? await openRing(keks, await readFileOfOurs(path), replicaPlace(path))
      : undefined;
    if (contents === undefined) {
      const found = copy
        ? `version ${copy.ring.version} in ${path}; the store's could not be seen`
        : 'not seen';
      return { findings: [warning(RING, found, 'see what is said of the store')], ring: copy };
    }
    const kept = await contents.rings.readRing();
    const stored = kept && (await openRing(keks, kept.document, STORE));
    return await compareRings(stored, copy, path, contents.rings);
  } catch (error) {
    return { findings: [fail(error)], ring: undefined };
  }
}
