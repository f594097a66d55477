/**
 * One meeting of this node's ring with the store's: read, decide, write what has to be written with a
 * version compare, and begin again when another node was faster (S-KEY-08). A ring is created only where
 * there never was one.
 */
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import { carriedOut, stepsDue } from './carry-out.ts';
import type { KeyEncryptionKey } from './derive.ts';
import { firstRing, generateActiveKeys } from './generate-ring.ts';
import { type OpenedRing, openRing } from './opened-ring.ts';
import { reconcile } from './reconcile.ts';
import type { Ring } from './ring.ts';
import type { RingContext } from './ring-context.ts';
import { damaged, sealRing } from './ring-document.ts';
import { RingError } from './ring-error.ts';
import { STORE } from './ring-places.ts';

export interface Synchronised {
  readonly ring: OpenedRing;
  /** Why what is due was not done; the ring is good as it is. */
  readonly overdue?: Error;
}

/** Each conflict means that another node got on; so many in a row are a store that does not keep what it took. */
const MAX_ATTEMPTS = 8;

/** Throws `RingError`, or `StoreUnavailable`. */
export async function synchronise(context: RingContext, ours: OpenedRing | undefined): Promise<Synchronised> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const agreed = await agree(context, ours);
    const kept = agreed && (await keepUp(context, agreed));
    if (kept !== undefined) return kept;
  }
  throw new StoreUnavailable('ring.write', 'not_done');
}

/** The ring that is in the store afterwards; `undefined` when another node wrote meanwhile. */
async function agree(context: RingContext, ours: OpenedRing | undefined): Promise<OpenedRing | undefined> {
  const decision = reconcile(await readStored(context, ours), ours, context.replica.path);
  switch (decision.action) {
    case 'use_stored':
      return decision.copy;
    case 'write_ours': {
      const { copy, expectedVersion } = decision;
      const written = await write(context, copy, expectedVersion);
      if (written === undefined) return undefined;
      context.log.warn(
        { ring_id: copy.ring.ring_id, version: copy.ring.version, stored_version: expectedVersion },
        expectedVersion === 0
          ? 'THE STORE HAD LOST ITS KEY RING: this node put its copy back; look for what emptied the store'
          : 'THE STORE HELD AN OLDER KEY RING: this node put its newer copy back; look for what rolled the store back',
      );
      return written;
    }
    case 'create_or_refuse':
      if (await context.store.isUnused()) return create(context);
      // A node that started at the same time may have put its ring and a portal there since we looked.
      if ((await context.store.readRing()) === undefined) throw lost(context.replica.path);
      return undefined;
  }
}

async function create(context: RingContext): Promise<OpenedRing | undefined> {
  const now = context.now();
  const keys = await generateActiveKeys(context.kek, context.algs, now);
  const created = await sealedRing(context.kek, firstRing(keys, now, context.random));
  const written = await write(context, created, 0);
  if (written !== undefined) context.log.info(summary(written.ring), 'created the key ring');
  return written;
}

/** Carries out what is due; `undefined` when another node wrote meanwhile. */
async function keepUp(context: RingContext, current: OpenedRing): Promise<Synchronised | undefined> {
  try {
    const steps = await stepsDue(context, current.ring);
    if (steps.length === 0) return { ring: current };
    // A node whose disk can't keep the ring leaves the change to one that can, or to later (F-18).
    await context.replica.write(current.document);
    const next = await sealedRing(current.kek, await carriedOut(context, current, steps));
    const written = await write(context, next, current.ring.version);
    if (written === undefined) return undefined;
    context.log.info({ ...summary(written.ring), steps }, 'changed the key ring');
    return { ring: written };
  } catch (error) {
    if (error instanceof StoreUnavailable || error instanceof RingError)
      return { ring: current, overdue: error };
    throw error;
  }
}

/** A ring that is to be stored, and the key to seal it under; or why there is none. */
export type Change = { readonly ring: Ring; readonly kek: KeyEncryptionKey } | { readonly refused: string };

/**
 * Changes the ring as an operator asked: `change` is made anew from the ring in force each time another writer
 * was faster. Throws `RingError`, or `StoreUnavailable`.
 */
export async function changeRing(
  context: RingContext,
  ours: OpenedRing | undefined,
  change: (current: OpenedRing) => Promise<Change>,
): Promise<{ readonly changed: OpenedRing } | { readonly refused: string }> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const current = await agree(context, ours);
    if (current === undefined) continue;
    const next = await change(current);
    if ('refused' in next) return next;
    const changed = await write(context, await sealedRing(next.kek, next.ring), current.ring.version);
    if (changed === undefined) continue;
    await context.replica.write(changed.document);
    return { changed };
  }
  throw new StoreUnavailable('ring.write', 'not_done');
}

async function readStored(
  context: RingContext,
  ours: OpenedRing | undefined,
): Promise<OpenedRing | undefined> {
  const stored = await context.store.readRing();
  if (stored === undefined) return undefined;
  const opened = stored.document === ours?.document ? ours : await openRing(context, stored.document, STORE);
  // The number beside the document is what the store compares; only the one inside is authenticated.
  if (stored.version !== opened.ring.version) {
    throw damaged(STORE, `is kept as version ${stored.version} but is version ${opened.ring.version}`);
  }
  return opened;
}

async function write(
  context: RingContext,
  copy: OpenedRing,
  expectedVersion: number,
): Promise<OpenedRing | undefined> {
  const next = { version: copy.ring.version, document: copy.document };
  return (await context.store.writeRing(next, expectedVersion)) === 'written' ? copy : undefined;
}

/** Opened again from its sealed form: what can't be opened must not be stored. */
function sealedRing(kek: KeyEncryptionKey, ring: Ring): Promise<OpenedRing> {
  return openRing({ kek }, sealRing(kek, ring), { name: 'memory', remedy: '' });
}

function summary(ring: Ring): object {
  return { ring_id: ring.ring_id, version: ring.version, kids: ring.keys.map((key) => key.kid) };
}

/** The store is in use and nobody has its ring. */
export function lost(path: string): RingError {
  return new RingError(
    'ring_lost',
    `The store is in use but holds no key ring, and ${path} does not exist: a key ring existed and is gone. Copy ` +
      "ring.json from another node's keys directory or a backup to that path and start again: this node puts it " +
      'back into the store. No new ring is made: no token issued so far would verify under it.',
  );
}
