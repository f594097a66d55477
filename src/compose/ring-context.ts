/** What the key ring is opened with: the configuration's keys and times, this node's disk, the clocks. */
import { randomBytes, randomUUID } from 'node:crypto';
import { keyLifeOf } from '../config/key-life.ts';
import type { Config } from '../config/schema.ts';
import { awaitedReaders, expectedReaders } from '../keys/adoption.ts';
import type { KeyEncryptionKey } from '../keys/derive.ts';
import { developmentKeyEncryptionKey } from '../keys/development-kek.ts';
import { parseKeyEncryptionKey } from '../keys/key-encryption-key.ts';
import { createReplica } from '../keys/replica.ts';
import type { RingContext, Upkeep } from '../keys/ring-context.ts';
import type { RingLog } from '../keys/ring-log.ts';
import { FIRST_ALGS } from '../keys/signing-alg.ts';
import type { Store } from '../stores/store.ts';
import { nowSeconds } from './parts.ts';

/** Throws `RingError`. */
export async function ringContext(config: Config, store: Store, log: RingLog): Promise<RingContext> {
  const { key_encryption_key_previous: previous } = config;
  return {
    store: store.rings,
    replica: createReplica(config.keys_dir, randomBytes),
    kek: await keyEncryptionKey(config, store),
    previousKek: previous === undefined ? undefined : parseKeyEncryptionKey(previous),
    algs: [
      ...new Set([...FIRST_ALGS, ...Object.values(config.resources).map((resource) => resource.signing_alg)]),
    ],
    life: keyLifeOf(config),
    now: nowSeconds,
    elapsedMs: () => performance.now(),
    storeTime: store.time,
    random: randomBytes,
    log,
  };
}

function keyEncryptionKey(
  { key_encryption_key, keys_dir }: Config,
  { rings }: Store,
): Promise<KeyEncryptionKey> {
  // Without one outside development the configuration was refused.
  return key_encryption_key === undefined
    ? developmentKeyEncryptionKey(keys_dir, randomBytes, async () => (await rings.readRing()) !== undefined)
    : Promise.resolve(parseKeyEncryptionKey(key_encryption_key));
}

/** Long enough to make keys of every kind. */
const LEASE_SECONDS = 30;

export function ringUpkeep(config: Config, { leases, readers }: Store): Upkeep {
  const node = randomUUID();
  const expected = expectedReaders(Object.values(config.resources));
  return {
    isAwaited: async (key) => {
      if ((expected.get(key.alg) ?? []).length === 0) return false;
      return awaitedReaders(key, expected, await readers.readSightings()).length > 0;
    },
    leads: () => leases.hold('key-ring', node, LEASE_SECONDS),
  };
}
