/** What the tests of the key ring share: a key, a directory, a clock, and a store that can fail. */
import assert from 'node:assert/strict';
import { firstRing, generateActiveKeys } from '../../src/keys/generate-ring.ts';
import type { KeyLife } from '../../src/keys/key-life.ts';
import { createReplica } from '../../src/keys/replica.ts';
import { nextVersion, type Ring } from '../../src/keys/ring.ts';
import type { RingContext } from '../../src/keys/ring-context.ts';
import { RingError, type RingErrorCode } from '../../src/keys/ring-error.ts';
import type { RingStore, StoredRing } from '../../src/keys/ring-store.ts';
import type { SigningAlg } from '../../src/keys/signing-alg.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { tempDir } from '../support/temp.ts';

export const NOW = 1_800_000_000;
/** Fixed, and different from each other in every byte. */
export const KEK = Uint8Array.from({ length: 32 }, (_, at) => (at * 89 + 7) ^ (at << 2));
export const OTHER_KEK = KEK.map((byte) => byte ^ 0xa5);

/** As the settings are by default. */
export const LIFE: KeyLife = {
  publishLeadSeconds: 7200,
  rotationSeconds: 30 * 86_400,
  retireAfterSeconds: 86_400,
  clockSkewSeconds: 60,
  refreshSeconds: 10,
  longestTokenSeconds: 600,
  readerWaitSeconds: 86_400,
};

/** Counts, so that ids differ and runs are the same. */
export function countingRandom(): (bytes: number) => Uint8Array {
  let count = 0;
  return (bytes) => {
    count += 1;
    return new Uint8Array(bytes).fill(count);
  };
}

export async function newRing(algs: readonly SigningAlg[] = ['ES256'], id = 1): Promise<Ring> {
  const random = (bytes: number) => new Uint8Array(bytes).fill(id);
  return firstRing(await generateActiveKeys(KEK, algs, NOW), NOW, random);
}

/** The ring one version on, with the other's keys too. */
export function grownBy(ring: Ring, other: Ring): Ring {
  return nextVersion(ring, [...ring.keys, ...other.keys]);
}

/** A store of one ring, whose faults are switched on by its members. */
export interface FaultyStore extends RingStore {
  stored: StoredRing | undefined;
  unused: boolean;
  /** Methods that throw `StoreUnavailable`. */
  down: ReadonlySet<'readRing' | 'writeRing' | 'isUnused'>;
  /** Runs once, before the next call of that method. */
  before: Partial<Record<'readRing' | 'writeRing' | 'isUnused', () => void>>;
  /** Every write that was taken. */
  writes: StoredRing[];
}

export const EVERYTHING = new Set(['readRing', 'writeRing', 'isUnused'] as const);
export const NOTHING: FaultyStore['down'] = new Set();

export function faultyStore(stored?: StoredRing): FaultyStore {
  function enter(method: 'readRing' | 'writeRing' | 'isUnused'): void {
    const interruption = store.before[method];
    delete store.before[method];
    interruption?.();
    if (store.down.has(method)) throw new StoreUnavailable(`rings.${method}`, 'not_done');
  }
  const store: FaultyStore = {
    stored,
    unused: true,
    down: NOTHING,
    before: {},
    writes: [],
    async readRing() {
      enter('readRing');
      return store.stored;
    },
    async writeRing(next, expectedVersion) {
      enter('writeRing');
      if ((store.stored?.version ?? 0) !== expectedVersion) return 'conflict';
      store.stored = next;
      store.writes.push(next);
      return 'written';
    },
    async isUnused() {
      enter('isUnused');
      return store.unused;
    },
  };
  return store;
}

export interface LogLine {
  readonly level: 'info' | 'warn';
  readonly fields: object;
  readonly message: string;
}

export interface Node extends RingContext {
  readonly lines: LogLine[];
  readonly directory: string;
}

/** A node of the service: its own directory and log, a store that it may share. */
export function node(store: RingStore, changes: Partial<RingContext> = {}): Node {
  const directory = tempDir('keys');
  const random = countingRandom();
  const lines: LogLine[] = [];
  return {
    store,
    replica: createReplica(directory, random),
    kek: KEK,
    algs: ['ES256'],
    life: LIFE,
    upkeep: { isAwaited: async () => false, leads: async () => true },
    now: () => NOW,
    elapsedMs: () => 0,
    storeTime: () => undefined,
    random,
    log: {
      info: (fields, message) => lines.push({ level: 'info', fields, message }),
      warn: (fields, message) => lines.push({ level: 'warn', fields, message }),
    },
    ...changes,
    lines,
    directory,
  };
}

export function warnings({ lines }: Node): string[] {
  return lines.filter((line) => line.level === 'warn').map((line) => line.message);
}

/** Asserts a `RingError` of that code whose message matches every pattern, and that it shows no key. */
export function ringError(code: RingErrorCode, ...says: RegExp[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof RingError, String(error));
    assert.equal(error.code, code, error.message);
    for (const pattern of says) assert.match(error.message, pattern);
    for (const kek of [KEK, OTHER_KEK]) {
      for (const encoding of ['base64url', 'hex', 'base64'] as const) {
        assert.ok(!error.message.includes(Buffer.from(kek).toString(encoding)));
      }
    }
    return true;
  };
}
