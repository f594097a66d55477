/**
 * Which portal is calling: found by the keyed hash of its API key, and by nothing else that the request
 * says (S-TEN-02). The look-up is by a value that the caller can't steer without the pepper; the hash found
 * is then compared in constant time all the same, so that no store's index semantics decide who gets in.
 */
import { timingSafeEqual } from 'node:crypto';
import { Refusal } from '../lib/refusal.ts';
import { type HashApiKey, hashForLookup } from './api-key.ts';
import type { Caller } from './caller.ts';
import { looksLikeInitialAccessToken } from './initial-access-token.ts';
import { isKeyValidAt } from './portal-record.ts';
import type { PortalStore } from './portal-store.ts';

export interface PortalAuthentication {
  readonly store: Pick<PortalStore, 'findByKeyHash' | 'read' | 'readInitialAccessToken'>;
  readonly hash: HashApiKey;
}

/** Throws `Refusal` (`key_missing`, `key_unknown`, `portal_disabled`) or `StoreUnavailable`. */
export async function authenticatePortal(
  { store, hash }: PortalAuthentication,
  key: string | undefined,
  nowSeconds: number,
): Promise<Caller> {
  if (key === undefined || key === '') throw new Refusal('key_missing');
  const presented = hashForLookup(key, hash);
  const portal = await store.findByKeyHash(presented);
  const found = portal?.keys.find((candidate) => sameHash(candidate.hash, presented));
  if (portal === undefined || found === undefined) throw new Refusal('key_unknown');
  if (!isKeyValidAt(found, nowSeconds)) throw new Refusal('key_unknown');
  if (portal.state === 'disabled') throw new Refusal('portal_disabled');
  return { portal: portal.name, subject: found.key_id };
}

/** Like `authenticatePortal`, and takes an initial access token too: for registering, and nothing else. */
export async function authenticateRegistrant(
  context: PortalAuthentication,
  credential: string | undefined,
  nowSeconds: number,
): Promise<Caller> {
  if (credential === undefined || !looksLikeInitialAccessToken(credential)) {
    return authenticatePortal(context, credential, nowSeconds);
  }
  const { store, hash } = context;
  const initialAccessToken = hashForLookup(credential, hash);
  const token = await store.readInitialAccessToken(initialAccessToken, nowSeconds);
  const portal = token && (await store.read(token.portal));
  if (token === undefined || portal === undefined) throw new Refusal('key_unknown');
  if (portal.state === 'disabled') throw new Refusal('portal_disabled');
  return {
    portal: portal.name,
    subject: initialAccessToken.slice(0, 22),
    initialAccessToken,
    initialAccessTokenSpent: token.uses_left < 1,
  };
}

function sameHash(one: string, other: string): boolean {
  const a = Buffer.from(one, 'base64url');
  const b = Buffer.from(other, 'base64url');
  return a.length === b.length && timingSafeEqual(a, b);
}
