/**
 * Opens the live key ring of this process. A start refuses, precisely, whatever is not certain. Once the
 * ring is open, nothing that happens to the store or the disk takes it away: a refresh swaps in a whole
 * authenticated ring or keeps the one it has.
 */
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import type { KeyRing, Refreshed } from './key-ring.ts';
import { type OpenedRing, openRing } from './opened-ring.ts';
import { missingAlgs } from './ring.ts';
import type { RingContext } from './ring-context.ts';
import { RingError } from './ring-error.ts';
import { troubleReport } from './ring-log.ts';
import { type Synchronised, synchronise } from './synchronise.ts';

/** Throws `RingError`; its message is for the operator. */
export async function openKeyRing(context: RingContext): Promise<KeyRing> {
  const reports = reportsOf(context);
  const replica = await readReplica(context);
  const started = await start(context, replica);
  let current = started.ring;
  let source = started.source;
  let replicated = replica?.document;
  let refreshing: Promise<Refreshed> | undefined;

  async function replicate(): Promise<void> {
    if (replicated === current.document) return;
    try {
      await context.replica.write(current.document);
      replicated = current.document;
      reports.replica(undefined);
    } catch (error) {
      // The store has the ring, so a full or read-only disk is no reason to stop (F-18).
      reports.replica(error);
    }
  }

  async function refresh(): Promise<Refreshed> {
    const before = current;
    try {
      const { ring, incomplete } = await synchronise(context, before);
      current = ring;
      source = 'store';
      reports.store(undefined);
      reports.incomplete(incomplete);
    } catch (error) {
      reports.store(error);
      return { outcome: 'kept', error };
    }
    await replicate();
    return { outcome: current === before ? 'unchanged' : 'swapped' };
  }

  reports.store(started.unreachable);
  reports.incomplete(started.incomplete);
  await replicate();
  return {
    get ringId() {
      return current.ring.ring_id;
    },
    get version() {
      return current.ring.version;
    },
    get source() {
      return source;
    },
    jwks: () => current.publication.jwks,
    pem: (kid) => current.publication.pems.get(kid),
    publishedKeys: () => current.publication.keys,
    activeKey: (alg, nowSeconds) => current.signer.activeKey(alg, nowSeconds),
    refresh: () => {
      refreshing ??= refresh().finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
  };
}

async function readReplica({ kek, replica }: RingContext): Promise<OpenedRing | undefined> {
  const document = await replica.read();
  if (document === undefined) return undefined;
  const remedy =
    "If the store has the ring, move this file away and start again: the node takes the store's copy. Else restore " +
    "the file from a backup or another node's keys directory.";
  return openRing(kek, document, { name: replica.path, remedy });
}

interface Started extends Synchronised {
  readonly source: KeyRing['source'];
  readonly unreachable?: StoreUnavailable;
}

async function start(context: RingContext, replica: OpenedRing | undefined): Promise<Started> {
  try {
    return { ...(await synchronise(context, replica)), source: 'store' };
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    if (replica === undefined) throw nowhere(context.replica.path, error);
    const isComplete = missingAlgs(replica.ring, context.algs).length === 0;
    return {
      ring: replica,
      source: 'replica',
      unreachable: error,
      ...(isComplete ? {} : { incomplete: error }),
    };
  }
}

function reportsOf({ log, replica }: RingContext) {
  return {
    store: troubleReport(log, {
      begins: `the key ring can't be had from the store; the copy at hand goes on (at a start: ${replica.path})`,
      over: 'the key ring is in step with the store again',
    }),
    replica: troubleReport(log, {
      begins: `the key ring could not be copied to ${replica.path}; this node can't start without the store`,
      over: `the key ring was copied to ${replica.path}`,
    }),
    incomplete: troubleReport(log, {
      begins: 'a signing key that the configuration asks for could not be added; its algorithm is not served',
      over: 'the key ring has a key for every configured algorithm',
    }),
  };
}

function nowhere(path: string, cause: StoreUnavailable): RingError {
  return new RingError(
    'ring_unreachable',
    `The store can't be reached and ${path} does not exist, so there is no key to start with. Bring the store up, ` +
      "or copy ring.json from another node's keys directory to that path.",
    cause,
  );
}
