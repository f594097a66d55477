/**
 * The ring as it is kept: one line of JSON, authenticated as a whole under a key derived from the
 * key-encryption key. Who can write to the store can't plant a public key in the JWKS (S-KEY-05).
 *
 * The authenticator covers the ring's bytes as they were written, so nothing is parsed before it is
 * authenticated, there is one form only, and every changed byte is seen. `kek_id` is public: it tells a
 * wrong key-encryption key, which the operator can replace, from a damaged document, which must be restored.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey, type KeyEncryptionKey } from './derive.ts';
import { type Ring, ring } from './ring.ts';
import { RingError } from './ring-error.ts';

const FORM = /^\{"format":(\d{1,6}),"kek_id":"([\w-]{11})","mac":"([\w-]{43})","ring":(\{.*\})\}$/s;
const FORMAT = '1';

/** 64 bits that name a key-encryption key and give nothing of it away. */
export function kekId(kek: KeyEncryptionKey): string {
  return Buffer.from(deriveKey(kek, 'kek-id').subarray(0, 8)).toString('base64url');
}

export function sealRing(kek: KeyEncryptionKey, content: Ring): string {
  const text = JSON.stringify(content);
  return `{"format":${FORMAT},"kek_id":"${kekId(kek)}","mac":"${authenticator(kek, text)}","ring":${text}}`;
}

/** Whether the text has the form of a sealed ring, whosever it is. */
export function isSealedRing(text: string): boolean {
  return FORM.test(text);
}

/** The place of a document, in words for the operator: where it is and how to put it right. */
export interface Place {
  /** `the store`, `keys/ring.json`. */
  readonly name: string;
  /** What to do when the document there is of no use. */
  readonly remedy: string;
}

/** The key that the operator has set, and the one before it while the ring may still be sealed under that. */
export interface KeyEncryptionKeys {
  readonly kek: KeyEncryptionKey;
  readonly previousKek?: KeyEncryptionKey | undefined;
}

export interface OpenedDocument {
  readonly ring: Ring;
  /** The one that it is sealed under. */
  readonly kek: KeyEncryptionKey;
}

/** Throws `RingError`. Its private keys are still sealed. */
export function openRingDocument(keks: KeyEncryptionKeys, document: string, place: Place): OpenedDocument {
  const [, format, sealedUnder, mac, text] = FORM.exec(document) ?? [];
  if (sealedUnder === undefined || mac === undefined || text === undefined) {
    throw damaged(
      place,
      isJson(document) ? 'is not a key ring as this service writes it' : 'is truncated or not JSON',
    );
  }
  const { previousKek } = keks;
  const kek = previousKek !== undefined && sealedUnder === kekId(previousKek) ? previousKek : keks.kek;
  const authentic = timingSafeEqual(Buffer.from(mac), Buffer.from(authenticator(kek, text)));
  // One that is ours but for this digit was written by no later version.
  if (format !== FORMAT && !authentic) throw unsupported(place, `has the format ${format}`);
  if (!authentic && sealedUnder !== kekId(kek)) throw wrongKek(place, sealedUnder, kekId(kek));
  if (!authentic || format !== FORMAT || sealedUnder !== kekId(kek)) {
    throw damaged(place, 'was altered: it does not match its authenticator');
  }
  const { success, data, error } = ring.safeParse(JSON.parse(text));
  if (!success) throw unsupported(place, 'is authentic but has content that is not understood', error);
  return { ring: data, kek };
}

/** Base64url of HMAC-SHA-256. */
function authenticator(kek: KeyEncryptionKey, text: string): string {
  return createHmac('sha256', deriveKey(kek, 'ring-authentication'))
    .update(`${FORMAT}\n${text}`)
    .digest('base64url');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function damaged(place: Place, what: string, cause?: unknown): RingError {
  return new RingError('ring_damaged', `The key ring in ${place.name} ${what}. ${place.remedy}`, cause);
}

function unsupported(place: Place, what: string, cause?: unknown): RingError {
  const advice = 'Start the version of the service that wrote it, or a later one.';
  return new RingError('ring_unsupported', `The key ring in ${place.name} ${what}. ${advice}`, cause);
}

function wrongKek(place: Place, theirs: string, ours: string): RingError {
  return new RingError(
    'kek_wrong',
    `The key ring in ${place.name} is sealed under the key-encryption key with the id ${theirs}; this process ` +
      `was given the one with the id ${ours}. Set KEY_ENCRYPTION_KEY to the key that the ring is sealed under (where it is not set: restore the file development-kek in the keys directory); if it was replaced and another place still has ` +
      'the ring under the old one, set that as KEY_ENCRYPTION_KEY_PREVIOUS.',
  );
}
