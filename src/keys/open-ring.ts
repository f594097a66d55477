/**
 * Opens the live key ring of this process. A start refuses, precisely, whatever is not certain. Once the
 * ring is open, nothing that happens to the store or the disk takes it away: a refresh swaps in a whole
 * authenticated ring or keeps the one it has.
 */
import { Refusal } from '../lib/refusal.ts';
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import { clockTrouble } from './clock-trouble.ts';
import type { Step } from './due-steps.ts';
import { type KeyLife, leadSeconds, longestUnconfirmedSeconds } from './key-life.ts';
import type { KeyRing, Refreshed, RingTrouble } from './key-ring.ts';
import { type OpenedRing, openRing } from './opened-ring.ts';
import type { RingContext } from './ring-context.ts';
import { troubleReport } from './ring-log.ts';
import { nowhere, replicaPlace } from './ring-places.ts';
import { type SeenStates, seenStates } from './seen-states.ts';
import { servedSince } from './served-since.ts';
import { signingKey } from './signing-order.ts';
import { steadyClock } from './steady-clock.ts';
import { type Synchronised, synchronise } from './synchronise.ts';

/** A start without the store knows by the copy's date, to this, how long ago the store confirmed it. */
const CONFIRM_REPLICA_MS = 60 * 1000;

/** Throws `RingError`; its message is for the operator. */
export async function openKeyRing(given: RingContext): Promise<KeyRing> {
  const { elapsedMs, life } = given;
  const clock = steadyClock(given, life.clockSkewSeconds);
  const seen = seenStates(elapsedMs);
  const context: RingContext = {
    ...given,
    now: clock.now,
    isCertain: (step) => !clock.isCorrected() || hasLasted(step, life, seen),
  };
  const troubles = new Set<RingTrouble>();
  const reports = reportsOf(context, troubles);
  const replica = await readReplica(context);
  let confirmedAtMs = elapsedMs();
  const started = await start(context, replica);
  if (started.source === 'replica') confirmedAtMs -= await ageMs(context);
  const served = servedSince(context, life, await context.replica.readServed());
  let current = started.ring;
  served.serves(current.ring);
  seen.sees(current.ring);
  let source = started.source;
  let replicated = replica?.document;
  let servedVersion: number | undefined;
  let replicaConfirmedAtMs = Number.NEGATIVE_INFINITY;
  let refreshing: Promise<Refreshed> | undefined;

  async function keepServed(): Promise<void> {
    if (servedVersion === current.ring.version) return;
    servedVersion = current.ring.version;
    await context.replica.writeServed(served.record());
  }

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

  async function confirmReplica(): Promise<void> {
    if (elapsedMs() - replicaConfirmedAtMs < CONFIRM_REPLICA_MS) return;
    replicaConfirmedAtMs = elapsedMs();
    if (replicated === current.document) await context.replica.confirm(context.now());
  }

  const reportClock = () =>
    reports.clock(clockTrouble(current.ring, given.now(), context.now(), life.clockSkewSeconds));

  async function refresh(): Promise<Refreshed> {
    const before = current;
    const askedAtMs = elapsedMs();
    try {
      const { ring, overdue } = await synchronise(context, before);
      current = ring;
      confirmedAtMs = askedAtMs;
      source = 'store';
      served.serves(ring.ring);
      seen.sees(ring.ring);
      reports.store(undefined);
      reports.overdue(overdue);
      reports.stale(undefined);
    } catch (error) {
      reports.store(error);
      reports.stale(isStale() ? error : undefined);
      return { outcome: 'kept', error };
    } finally {
      reportClock();
    }
    await replicate();
    await keepServed();
    await confirmReplica();
    return { outcome: current === before ? 'unchanged' : 'swapped' };
  }

  const unconfirmedSeconds = () => (elapsedMs() - confirmedAtMs) / 1000;
  const isStale = () => unconfirmedSeconds() > longestUnconfirmedSeconds(life);

  reportKeks(context, current);
  reports.store(started.unreachable);
  reports.overdue(started.overdue);
  reports.stale(isStale() ? started.unreachable : undefined);
  reportClock();
  await replicate();
  await keepServed();
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
    root: current.root,
    unconfirmedSeconds,
    troubles: () => troubles,
    activeKey: (alg, nowSeconds) => {
      const keys = current.signing.get(alg);
      const chosen =
        keys === undefined || isStale() ? undefined : signingKey(keys, nowSeconds, life, served.forLead);
      const key = chosen && current.signer.key(chosen.kid);
      if (key === undefined) throw new Refusal('ring_unavailable');
      return key;
    },
    refresh: () => {
      refreshing ??= refresh().finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
  };
}

export async function readReplica(context: RingContext): Promise<OpenedRing | undefined> {
  const { replica } = context;
  const document = await replica.read();
  if (document === undefined) return undefined;
  return openRing(context, document, replicaPlace(replica.path));
}

/** A key written by a slow clock is past its time by the right one: it waits once more, here, for as long as it has to. */
function hasLasted(step: Step, life: KeyLife, seen: SeenStates): boolean {
  if (step.act === 'announce') return true;
  return seen.seconds(step.kid) >= (step.act === 'activate' ? leadSeconds(life) : life.retireAfterSeconds);
}

interface Started extends Synchronised {
  readonly source: KeyRing['source'];
  readonly unreachable?: StoreUnavailable;
}

async function start(context: RingContext, replica: OpenedRing | undefined): Promise<Started> {
  try {
    const started = await synchronise(context, replica);
    reportOldCopy(context, replica, started.ring);
    return { ...started, source: 'store' };
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    if (replica === undefined) throw nowhere(context.replica.path, error);
    return { ring: replica, source: 'replica', unreachable: error };
  }
}

/** A node that was away for a while, or a keys directory from a backup (S-KEY-11). */
function reportOldCopy(
  { log, replica }: RingContext,
  copy: OpenedRing | undefined,
  { ring }: OpenedRing,
): void {
  if (copy === undefined || copy.ring.version >= ring.version) return;
  log.warn(
    { copy_version: copy.ring.version, version: ring.version },
    `${replica.path} HELD AN OLDER COPY OF THE KEY RING: it is not used but replaced; was it restored from a backup?`,
  );
}

/** How long ago the store last confirmed what the replica holds, as far as this node's disk knows. */
async function ageMs({ replica, now }: RingContext): Promise<number> {
  const confirmedAt = await replica.confirmedAtSeconds();
  return confirmedAt === undefined ? 0 : Math.max(0, now() - confirmedAt) * 1000;
}

/** Where the change to another key-encryption key stands (S-KEY-07). */
function reportKeks({ previousKek, log }: RingContext, { kek }: OpenedRing): void {
  if (previousKek === undefined) return;
  if (kek === previousKek)
    log.warn(
      {},
      'the key ring is still sealed under the previous key-encryption key: run dcr-bridge keys rewrap',
    );
  else log.info({}, 'KEY_ENCRYPTION_KEY_PREVIOUS is not needed any more by this node');
}

function reportsOf({ log, replica }: RingContext, troubles: Set<RingTrouble>) {
  const reportOf = (trouble: RingTrouble, messages: { readonly begins: string; readonly over: string }) => {
    const report = troubleReport(log, messages);
    return (error: unknown) => {
      if (error === undefined) troubles.delete(trouble);
      else troubles.add(trouble);
      report(error);
    };
  };
  return {
    store: reportOf('store', {
      begins: `the key ring can't be had from the store; the copy at hand goes on (at a start: ${replica.path})`,
      over: 'the key ring is in step with the store again',
    }),
    replica: reportOf('replica', {
      begins: `the key ring could not be copied to ${replica.path}; this node can't start without the store`,
      over: `the key ring was copied to ${replica.path}`,
    }),
    overdue: reportOf('overdue', {
      begins: 'a change of the key ring is due and could not be made; the keys stay as they are until it can',
      over: 'the key ring is as it should be again',
    }),
    stale: reportOf('stale', {
      begins:
        'NO TOKEN IS SIGNED: the store has not confirmed the key ring for so long that its keys may have been retired',
      over: 'tokens are signed again',
    }),
    clock: reportOf('clock', {
      begins:
        'the keys change later than they should: the clock was wrong when the node started or the ring was written',
      over: 'the keys go by the clock again',
    }),
  };
}
