/**
 * The key ring: which keys there are and in which state. Pure: no store, no disk, no clock.
 *
 * A key is `announced` (published, does not sign) → `active` (published, signs) → `retiring` (published,
 * does not sign) → `retired` (gone); `tainted` (gone at once) is the emergency exit. Every change of a
 * state is a new version of the ring. So what is published depends on the version alone, and every node on
 * one version serves the same bytes; only *who signs* also depends on the time, which is in the ring.
 * Here only the first keys are made, as `active`.
 */
import { z } from 'zod';
import { type PublicJwk, publicJwk, thumbprint } from './public-jwk.ts';
import { type SigningAlg, signingAlg } from './signing-alg.ts';

const epochSeconds = z.int().nonnegative();
const keyState = z.enum(['announced', 'active', 'retiring', 'retired', 'tainted']);
type KeyState = z.infer<typeof keyState>;

/** Unknown members are kept when the ring is written again: a node of the next version may have put them there. */
const ringKey = z.looseObject({
  /** RFC 7638 thumbprint of `public_jwk`. */
  kid: z.string(),
  alg: signingAlg,
  state: keyState,
  created_at: epochSeconds,
  /** Epoch seconds from which the key signs. */
  activates_at: epochSeconds,
  public_jwk: publicJwk,
  /** JWE; destroyed when the key is retired. */
  sealed_private_key: z.string().exactOptional(),
});
export type RingKey = z.infer<typeof ringKey>;

export const ring = z
  .looseObject({
    /** Tells this installation's ring from any other's. */
    ring_id: z.string().min(1),
    /** Counts the changes, from 1. */
    version: z.int().positive(),
    created_at: epochSeconds,
    keys: z.array(ringKey).min(1),
  })
  .refine(({ keys }) => keys.every((key) => key.kid === thumbprint(key.public_jwk)), {
    error: 'a kid is not the thumbprint of its key',
  })
  .refine(({ keys }) => new Set(keys.map((key) => key.kid)).size === keys.length, {
    error: 'a kid occurs twice',
  })
  .refine(({ keys }) => keys.every((key) => key.state !== 'active' || key.sealed_private_key !== undefined), {
    error: 'an active key has no private key',
  });
export type Ring = z.infer<typeof ring>;

const PUBLISHED: Readonly<Record<KeyState, boolean>> = {
  announced: true,
  active: true,
  retiring: true,
  retired: false,
  tainted: false,
};

/** One entry of the JWKS (RFC 7517 section 4). Gateways want all three of `kid`, `alg` and `use`. */
export type PublishedJwk = PublicJwk & {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly use: 'sig';
};

export function publishedKeys(ring: Ring): PublishedJwk[] {
  return ring.keys
    .filter((key) => PUBLISHED[key.state])
    .map(({ kid, alg, public_jwk }) => ({ ...public_jwk, kid, alg, use: 'sig' }));
}

/** A node whose clock is this much behind the one that wrote the ring still signs. */
const CLOCK_SKEW_SECONDS = 60;

/** The key that signs: the one of that algorithm that became active last. */
export function activeKey(ring: Ring, alg: SigningAlg, nowSeconds: number): RingKey | undefined {
  return ring.keys
    .filter((key) => key.alg === alg && key.state === 'active')
    .filter((key) => key.activates_at <= nowSeconds + CLOCK_SKEW_SECONDS)
    .reduce<RingKey | undefined>(
      (latest, key) => (latest === undefined || key.activates_at > latest.activates_at ? key : latest),
      undefined,
    );
}

/** The algorithms of `wanted` that no key of the ring is active for. */
export function missingAlgs(ring: Ring, wanted: readonly SigningAlg[]): SigningAlg[] {
  return wanted.filter((alg) => !ring.keys.some((key) => key.alg === alg && key.state === 'active'));
}

export function withKeys(ring: Ring, added: readonly RingKey[]): Ring {
  return { ...ring, version: ring.version + 1, keys: [...ring.keys, ...added] };
}
