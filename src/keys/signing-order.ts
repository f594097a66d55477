/**
 * Which key a node signs with. The ring says which one is active; a node follows only when its own verifiers
 * have had the lead to learn of that key: one that was cut off from the store must not jump. Until then it
 * goes on with the key before, as long as that stays published beyond every token. Pure.
 */
import type { KeyLife } from './key-life.ts';
import type { RingKey } from './ring.ts';

type Times = Pick<RingKey, 'kid' | 'activates_at' | 'retires_at' | 'forced'>;

/**
 * The keys of one algorithm that sign or did, the latest first: the active one, whatever a clock that was ahead wrote
 * into one before it (F-16).
 */
export function signingOrder(keys: readonly RingKey[]): readonly RingKey[] {
  return keys
    .filter(({ state, sealed_private_key }) => {
      return (state === 'active' || state === 'retiring') && sealed_private_key !== undefined;
    })
    .sort(
      (one, other) =>
        Number(other.state === 'active') - Number(one.state === 'active') ||
        other.activates_at - one.activates_at,
    );
}

/**
 * The one that signs: the latest that this node has served for the lead. If it has served none for so long (it
 * is new) the earliest, which most verifiers know; so too if its clock is so far behind that none is in force yet.
 */
export function signingKey<Key extends Times>(
  latestFirst: readonly Key[],
  nowSeconds: number,
  { clockSkewSeconds, longestTokenSeconds }: Pick<KeyLife, 'clockSkewSeconds' | 'longestTokenSeconds'>,
  isServedForLead: (kid: string) => boolean,
): Key | undefined {
  let earliest: Key | undefined;
  for (const key of latestFirst) {
    const outlived = nowSeconds + longestTokenSeconds + clockSkewSeconds;
    if (key.retires_at !== undefined && key.retires_at < outlived) continue;
    // By a clock that is further behind the one that wrote the ring it is not time yet: a key before it goes on.
    const isTime = key.activates_at <= nowSeconds + clockSkewSeconds;
    if (isTime && (key.forced || isServedForLead(key.kid))) return key;
    earliest = key;
  }
  return earliest;
}
