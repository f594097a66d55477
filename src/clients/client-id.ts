/**
 * The identifier of a client: made by us, never chosen by a caller (RFC 9700 section 4.15), 128 random
 * bits, fixed length, one alphabet, so that it equals no user's `sub`, no other tenant's id and no URL.
 */
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

/** Whether `text` can be a client id at all; what can't is unknown without asking the store. */
export function isClientId(text: string): text is ClientId {
  return PATTERN.test(text);
}
