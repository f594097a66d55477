/**
 * What an operator may do to a portal: add, roll its key, disable. A key is returned by the act that made
 * it and can't be had again. Callers are the command line and the first start, never a portal itself.
 */
import { endAfter } from '../lib/end-after.ts';
import type { RandomBytes } from '../lib/random.ts';
import { type HashApiKey, hashForLookup, newApiKey, portalKey } from './api-key.ts';
import { newInitialAccessToken } from './initial-access-token.ts';
import type { PortalName } from './portal-name.ts';
import { isKeyValidAt, type PortalRecord } from './portal-record.ts';
import type { PortalStore } from './portal-store.ts';

export interface PortalContext {
  readonly store: PortalStore;
  readonly random: RandomBytes;
  readonly hash: HashApiKey;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** Creates a portal with `key`, or with a new one. `undefined` when a portal of that name exists already. */
export async function addPortal(
  context: PortalContext,
  name: PortalName,
  key: string = newApiKey(context.random),
): Promise<string | undefined> {
  const created_at = context.now();
  const outcome = await context.store.create({
    name,
    state: 'active',
    version: 1,
    created_at,
    keys: [portalKey(key, context.random, context.hash, created_at)],
  });
  return outcome === 'created' ? key : undefined;
}

/**
 * Gives the portal a new key. The keys it has stay valid for `overlapSeconds`, so that the portal can be
 * told the new one without a gap; with 0 they are refused from now on.
 * Returns the new key, `undefined` when there is no such portal.
 */
export async function rollPortalKey(
  context: PortalContext,
  name: PortalName,
  overlapSeconds: number,
): Promise<string | undefined> {
  const key = newApiKey(context.random);
  const changed = await changePortal(context, name, (portal, now) => ({
    ...portal,
    keys: [
      portalKey(key, context.random, context.hash, now),
      ...portal.keys
        .filter((old) => overlapSeconds > 0 && isKeyValidAt(old, now))
        .map((old) => ({ ...old, expires_at: earlier(old.expires_at, endAfter(now, overlapSeconds)) })),
    ],
  }));
  return changed ? key : undefined;
}

/**
 * Makes a token that registers up to `uses` clients for the portal within `seconds`, and does nothing else.
 * Returns it, `undefined` when there is no such portal.
 */
export async function issueInitialAccessToken(
  { store, random, hash, now }: PortalContext,
  portal: PortalName,
  uses: number,
  seconds: number,
): Promise<string | undefined> {
  if ((await store.read(portal)) === undefined) return undefined;
  const token = newInitialAccessToken(random);
  const expires_at = now() + seconds;
  await store.addInitialAccessToken({
    hash: hashForLookup(token, hash),
    portal,
    uses_left: uses,
    expires_at,
  });
  return token;
}

/** Refuses all the portal's keys, or accepts them again. `false` when there is no such portal. */
export function setPortalState(
  context: PortalContext,
  name: PortalName,
  state: PortalRecord['state'],
): Promise<boolean> {
  return changePortal(context, name, (portal) => ({ ...portal, state }));
}

async function changePortal(
  { store, now }: PortalContext,
  name: PortalName,
  change: (portal: PortalRecord, nowSeconds: number) => PortalRecord,
): Promise<boolean> {
  for (;;) {
    const portal = await store.read(name);
    if (portal === undefined) return false;
    const next = { ...change(portal, now()), version: portal.version + 1 };
    if ((await store.replace(next, portal.version)) === 'replaced') return true;
  }
}

function earlier(expiresAt: number, other: number): number {
  return expiresAt === 0 ? other : Math.min(expiresAt, other);
}
