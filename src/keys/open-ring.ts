/**
 * Opens the live key ring of this process. A start refuses, precisely, whatever is not certain. Once the
 * ring is open, nothing that happens to the store or the disk takes it away: a refresh swaps in a whole
 * authenticated ring or keeps the one it has.
 */
import { Refusal } from '../lib/refusal.ts';
import { clockTrouble } from './clock-trouble.ts';
import { longestUnconfirmedSeconds } from './key-life.ts';
import type { KeyRing, Refreshed, RingTrouble } from './key-ring.ts';
import type { RingContext } from './ring-context.ts';
import { reportKeks, ringReports } from './ring-reports.ts';
import { hasLasted, seenStates } from './seen-states.ts';
import { servedSince } from './served-since.ts';
import { signingKey } from './signing-order.ts';
import { ageMs, readReplica, startRing } from './start-ring.ts';
import { steadyClock } from './steady-clock.ts';
import { synchronise } from './synchronise.ts';

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
  const reports = ringReports(context, troubles);
  const replica = await readReplica(context);
  let confirmedAtMs = elapsedMs();
  const started = await startRing(context, replica);
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
