/**
 * Nonces for DPoP proofs (RFC 9449 section 8), where the operator wants them: a proof then can't be made long
 * before it is used, by whoever held the key for a moment, and the client's clock no longer matters.
 *
 * Stateless: the time of issue, and a tag over it under a key that every node and worker derives. So each takes
 * the others' nonces, and nothing is kept of them; that a proof is used once is the replay store's to say.
 */
import { timingSafeEqual } from 'node:crypto';

const MINUTE_SECONDS = 60;
/** For how long a nonce is good: several requests of a client share one, and a slow one still arrives. */
export const NONCE_LIFE_SECONDS = 4 * MINUTE_SECONDS;
/** How far the clock of the node that issued it may be ahead. */
const CLOCK_SKEW_SECONDS = MINUTE_SECONDS;
/** 128 bits of the tag: it can't be guessed online, and the header stays short. */
const TAG_BYTES = 16;

export interface ProofNonces {
  /** For the next proof. */
  current(nowSeconds: number): string;
  /** When it was issued, epoch seconds; `undefined` for what is not ours, or too old. */
  issuedAt(nonce: unknown, nowSeconds: number): number | undefined;
}

export function proofNonces(tag: (text: string) => Uint8Array): ProofNonces {
  const nonceOf = (issuedAt: number): string =>
    `${issuedAt.toString(36)}.${Buffer.from(tag(String(issuedAt)).subarray(0, TAG_BYTES)).toString('base64url')}`;
  let newest = { issuedAt: Number.NaN, nonce: '' };

  return {
    current(nowSeconds) {
      if (newest.issuedAt !== nowSeconds) newest = { issuedAt: nowSeconds, nonce: nonceOf(nowSeconds) };
      return newest.nonce;
    },
    issuedAt(nonce, nowSeconds) {
      const [, time] = (typeof nonce === 'string' && FORM.exec(nonce)) || [];
      if (time === undefined) return undefined;
      const issuedAt = Number.parseInt(time, 36);
      const ageSeconds = nowSeconds - issuedAt;
      if (ageSeconds > NONCE_LIFE_SECONDS || ageSeconds < -CLOCK_SKEW_SECONDS) return undefined;
      return isSame(String(nonce), nonceOf(issuedAt)) ? issuedAt : undefined;
    },
  };
}

/** Until the year 4453; of one length with every nonce that it could be. */
const FORM = /^([1-9a-z][0-9a-z]{5,6})\.[A-Za-z0-9_-]{22}$/;

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
