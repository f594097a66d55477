/**
 * The identifier of a client: made by us, never chosen by a caller (RFC 9700 section 4.15), 128 random
 * bits, fixed length, one alphabet, so that it equals no user's `sub`, no other tenant's id and no URL.
 */
import { createHash } from 'node:crypto';
import { base62Length, toBase62 } from '../lib/base62.ts';
import type { Branded } from '../lib/brand.ts';
import type { RandomBytes } from '../lib/random.ts';

export type ClientId = Branded<string, 'ClientId'>;

const PREFIX = 'cl_';
const ENTROPY_BYTES = 16;
const PATTERN = new RegExp(`^${PREFIX}[0-9A-Za-z]{${base62Length(ENTROPY_BYTES)}}$`);

export function newClientId(random: RandomBytes): ClientId {
  return (PREFIX + toBase62(random(ENTROPY_BYTES))) as ClientId;
}

/**
 * Our id of a client that an upstream provider named: derived, so that it is found by the provider's id
 * without an index, and so that a provider which names two clients alike can't have the second overwrite the
 * first (S-DCR-35). No configured name holds the separator.
 */
export function upstreamClientId(provider: string, upstreamId: string): ClientId {
  const digest = createHash('sha256').update(`${provider}\0${upstreamId}`).digest();
  return (PREFIX + toBase62(digest.subarray(0, ENTROPY_BYTES))) as ClientId;
}

/** Whether `text` can be a client id at all; what can't is unknown without asking the store. */
export function isClientId(text: string): text is ClientId {
  return PATTERN.test(text);
}
