/**
 * What is due in a ring: the plan that every node computes alike from the ring, the time and the settings.
 * Pure. Which node carries it out does not matter: the version compare lets one (S-KEY-08).
 */
import { type KeyLife, leadSeconds } from './key-life.ts';
import { missingAlgs, type Ring, type RingKey } from './ring.ts';
import type { SigningAlg } from './signing-alg.ts';

export type Step =
  | { readonly act: 'announce'; readonly alg: SigningAlg }
  | { readonly act: 'activate'; readonly alg: SigningAlg; readonly kid: string }
  | { readonly act: 'retire'; readonly alg: SigningAlg; readonly kid: string };

/**
 * `wanted`: what the configuration asks for. `isAwaited`: whether a reader that must have seen a key has not.
 * The first key of an algorithm on a running installation is announced like any other: verifiers hold a JWKS
 * without it.
 */
export function dueSteps(
  ring: Ring,
  wanted: readonly SigningAlg[],
  nowSeconds: number,
  life: KeyLife,
  isAwaited: (key: RingKey) => boolean,
): readonly Step[] {
  return [
    ...dueToRetire(ring, nowSeconds),
    ...nextAnnounced(ring)
      .filter((key) => isDue(key, nowSeconds, life, isAwaited))
      .map(({ kid, alg }): Step => ({ act: 'activate', alg, kid })),
    ...wanted
      .filter((alg) => isSuccessorDue(ring, alg, nowSeconds, life))
      .map((alg): Step => ({ act: 'announce', alg })),
  ];
}

function dueToRetire(ring: Ring, nowSeconds: number): readonly Step[] {
  return ring.keys
    .filter(
      ({ state, retires_at }) => state === 'retiring' && retires_at !== undefined && retires_at <= nowSeconds,
    )
    .map(({ kid, alg }): Step => ({ act: 'retire', alg, kid }));
}

/** Of each algorithm the announced key whose time comes first: one step, one new signer. */
export function nextAnnounced(ring: Ring): readonly RingKey[] {
  const first = new Map<SigningAlg, RingKey>();
  for (const key of ring.keys) {
    if (key.state !== 'announced') continue;
    const known = first.get(key.alg);
    if (known === undefined || key.activates_at < known.activates_at) first.set(key.alg, key);
  }
  return [...first.values()];
}

function isDue(
  key: RingKey,
  nowSeconds: number,
  { readerWaitSeconds }: KeyLife,
  isAwaited: (key: RingKey) => boolean,
): boolean {
  if (nowSeconds < key.activates_at) return false;
  return nowSeconds >= key.activates_at + readerWaitSeconds || !isAwaited(key);
}

/** Announced early enough to be active when the key before it is as old as it may get. */
function isSuccessorDue(ring: Ring, alg: SigningAlg, nowSeconds: number, life: KeyLife): boolean {
  if (missingAlgs(ring, [alg]).length > 0) return true;
  if (life.rotationSeconds === 0 || nextAnnounced(ring).some((key) => key.alg === alg)) return false;
  const active = ring.keys.find((key) => key.alg === alg && key.state === 'active');
  return active !== undefined && nowSeconds >= active.activates_at + life.rotationSeconds - leadSeconds(life);
}
