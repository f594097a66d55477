/**
 * Remembers what may be used once: the `jti` of a client's assertion (RFC 7523 section 3), of a DPoP proof
 * (RFC 9449 section 11.1). One atomic step for all nodes, so that of twenty copies sent at once one is first.
 *
 * It knows since when it remembers: a store that was emptied, restored or replaced by a replica has
 * forgotten what was claimed before, so what was issued before is `forgotten`, never taken for new.
 *
 * Throws `StoreUnavailable` when the store can't answer, and then nothing may be accepted.
 */
import { createHash } from 'node:crypto';
import { Refusal } from '../lib/refusal.ts';

export type ClaimOutcome = 'claimed' | 'used' | 'forgotten';

export interface Claim {
  /** Of `claimId`. */
  readonly id: string;
  /**
   * How long ago it was issued, by the clock that its times were judged by; less than 0 when that is behind the
   * issuer's. The store counts back from its own clock, which need not agree with any of them (F-16): what was
   * issued before it began to remember is refused.
   */
  readonly ageSeconds: number;
  /** For how long it could be used again: what is older is refused by its times. */
  readonly ttlSeconds: number;
}

export interface ReplayStore {
  claim(claim: Claim): Promise<ClaimOutcome>;
}

/** Of what the store calls forgotten and was made in this second or the one before. */
const JUST_MADE_SECONDS = 1;

/**
 * Throws `Refusal` `replay_memory_new` for what was made just now: that it is older than the memory only says how
 * young the memory is. Its owner is in the right, and "invalid" would make programs throw their credentials away.
 */
export function refuseYoungMemory(outcome: ClaimOutcome, { ageSeconds }: Pick<Claim, 'ageSeconds'>): void {
  if (outcome === 'forgotten' && ageSeconds <= JUST_MADE_SECONDS) throw new Refusal('replay_memory_new');
}

/**
 * Remembers by so much longer than the node that claims needs: one whose clock is behind takes the same
 * assertion for valid for longer.
 */
export function allowingForClocks(replays: ReplayStore, clockSkewSeconds: number): ReplayStore {
  return {
    claim: (claim) => replays.claim({ ...claim, ttlSeconds: claim.ttlSeconds + clockSkewSeconds }),
  };
}

/**
 * What a claim is kept under. The version is part of it: a release that changes this function has to claim
 * under the old id too for as long as the longest claim lives, or a rolling upgrade lets each be used once
 * on either side (S-PKJ-07). A separator that no part can hold keeps two owners' ids apart (L-07).
 */
export function claimId(kind: 'assertion' | 'proof', owner: string, jti: string): string {
  const hash = createHash('sha256').update(`${kind}\n${owner}\n${jti}`).digest('base64url');
  return `1-${hash}`;
}
