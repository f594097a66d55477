/**
 * The life of a key as changes of the ring's keys, one function for each: pure, `nowSeconds` is passed in.
 * What may happen by itself is in `due-steps.ts`, what an operator may do in `operate.ts`; here is what a
 * change *is*, so that both do the same.
 */
import type { RingKey } from './ring.ts';

/** The configuration's times. */
export interface KeyLife {
  /** How long a key is published before it signs: longer than verifiers cache a JWKS without asking again. */
  readonly publishLeadSeconds: number;
  /** How long a key signs before the next one does; 0: rotation is by command only. */
  readonly rotationSeconds: number;
  /** How long a key stays published after the last node stopped signing with it. */
  readonly retireAfterSeconds: number;
  /** How far the clocks of two nodes may be apart. */
  readonly clockSkewSeconds: number;
  /** How long it takes until every node has seen a new version of the ring. */
  readonly refreshSeconds: number;
  readonly longestTokenSeconds: number;
  /** How long after `activates_at` a key waits for the readers that its resources name. */
  readonly readerWaitSeconds: number;
}

/** From the announcement on one node until a key has been served for the lead on every node. */
export function leadSeconds({ publishLeadSeconds, refreshSeconds, clockSkewSeconds }: KeyLife): number {
  return publishLeadSeconds + refreshSeconds + clockSkewSeconds;
}

/**
 * How long a node may sign without having heard of the store. The others may have taken the key out of use
 * just after it last heard, and then unpublish it `retireAfterSeconds` later: no token may live until then
 * (R-11, S-KEY-09).
 */
export function longestUnconfirmedSeconds({
  retireAfterSeconds,
  longestTokenSeconds,
  clockSkewSeconds,
}: KeyLife): number {
  return retireAfterSeconds - longestTokenSeconds - clockSkewSeconds;
}

/** The least `retireAfterSeconds` under which no token outlives its published key (R-11, S-JWT-11). */
export function leastRetireAfterSeconds(life: Omit<KeyLife, 'retireAfterSeconds'>): number {
  return life.longestTokenSeconds + 2 * life.clockSkewSeconds + life.refreshSeconds;
}

/**
 * The least `retireAfterSeconds` under which a node signs for `outageSeconds` without the store: the inverse of
 * `longestUnconfirmedSeconds`, and a refresh, because it may have heard so long before the store went away.
 */
export function leastRetireAfterOutageSeconds(
  { longestTokenSeconds, clockSkewSeconds, refreshSeconds }: Omit<KeyLife, 'retireAfterSeconds'>,
  outageSeconds: number,
): number {
  return outageSeconds + longestTokenSeconds + clockSkewSeconds + refreshSeconds;
}

type Keys = readonly RingKey[];
/** A key that is in no ring yet. */
export type NewKey = Pick<RingKey, 'kid' | 'alg' | 'public_jwk'> & { readonly sealed_private_key: string };

/** `version`: of the ring that will hold it. */
export function announced(
  keys: Keys,
  key: NewKey,
  nowSeconds: number,
  life: KeyLife,
  version: number,
): RingKey[] {
  const added: RingKey = {
    ...key,
    state: 'announced',
    created_at: nowSeconds,
    announced_at: nowSeconds,
    announced_version: version,
    activates_at: nowSeconds + leadSeconds(life),
  };
  return [...keys, added];
}

/** The key signs from now on, and the one of its algorithm that did so far retires. */
export function activated(
  keys: Keys,
  kid: string,
  nowSeconds: number,
  life: KeyLife,
  { forced }: { readonly forced: boolean },
): RingKey[] {
  const alg = keys.find((key) => key.kid === kid)?.alg;
  return keys.map((key): RingKey => {
    if (key.kid === kid) {
      return { ...key, state: 'active', activates_at: nowSeconds, ...(forced ? { forced } : {}) };
    }
    if (key.alg !== alg || key.state !== 'active') return key;
    return { ...key, state: 'retiring', retires_at: nowSeconds + life.retireAfterSeconds };
  });
}

/** Neither published nor able to sign: its private half is destroyed. */
export function ended(keys: Keys, kid: string, state: 'retired' | 'tainted', nowSeconds: number): RingKey[] {
  return keys.map((key): RingKey => {
    if (key.kid !== kid) return key;
    const { sealed_private_key: _destroyed, ...left } = key;
    return { ...left, state, ended_at: nowSeconds };
  });
}
