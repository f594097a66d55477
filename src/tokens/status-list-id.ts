/**
 * The id of a status list: when it was opened, 128 random bits, and a keyed hash over both. Every process
 * names lists by itself, so that giving a token its place costs no store: two lists of one name would take
 * 2^64 lists. The hash lets every process tell a list of ours from a guess, so that nobody can make us
 * compress and sign lists that no token is in.
 */
import { timingSafeEqual } from 'node:crypto';
import type { KeyedHash } from '../keys/derive.ts';
import type { SigningAlg } from '../keys/signing-alg.ts';
import type { RandomBytes } from '../lib/random.ts';

const TIME_BYTES = 4;
const RANDOM_BYTES = 16;
const NAME_BYTES = TIME_BYTES + RANDOM_BYTES;
const TAG_BYTES = 16;

export function newStatusListId(
  alg: SigningAlg,
  openedAt: number,
  { hash, random }: { readonly hash: KeyedHash; readonly random: RandomBytes },
): string {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeUInt32BE(openedAt);
  const name = Buffer.concat([time, random(RANDOM_BYTES)]);
  return Buffer.concat([name, tagOf(alg, name, hash)]).toString('base64url');
}

/** When the list was opened, epoch seconds; `undefined` when we opened none of that id for that algorithm. */
export function openedAtOf(alg: string, id: string, hash: KeyedHash): number | undefined {
  const bytes = Buffer.from(id, 'base64url');
  // One list has one URL: base64url of these bytes in another spelling is not it.
  if (bytes.length !== NAME_BYTES + TAG_BYTES || bytes.toString('base64url') !== id) return undefined;
  const name = bytes.subarray(0, NAME_BYTES);
  return timingSafeEqual(tagOf(alg, name, hash), bytes.subarray(NAME_BYTES))
    ? name.readUInt32BE()
    : undefined;
}

function tagOf(alg: string, name: Buffer, hash: KeyedHash): Uint8Array {
  return hash(`${alg} ${name.toString('base64url')}`).subarray(0, TAG_BYTES);
}
