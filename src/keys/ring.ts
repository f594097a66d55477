/**
 * The key ring: which keys there are and in which state. Pure: no store, no disk, no clock.
 *
 * A key is `announced` (published, does not sign) → `active` (published, signs) → `retiring` (published,
 * does not sign) → `retired` (gone); `tainted` (gone at once) is the emergency exit. Every change of a
 * state is a new version of the ring. So what is published depends on the version alone, and every node on
 * one version serves the same bytes; only *who signs* also depends on the time, which is in the ring.
 * A key that is gone stays in the ring without its private half, so that no kid ever comes back (S-JWT-10).
 */
import { z } from 'zod';
import { type PublicJwk, publicJwk, thumbprint } from './public-jwk.ts';
import { algsOf, type SigningAlg, signingAlg } from './signing-alg.ts';

const epochSeconds = z.int().nonnegative();
const keyState = z.enum(['announced', 'active', 'retiring', 'retired', 'tainted']);
export type KeyState = z.infer<typeof keyState>;

/** Unknown members are kept when the ring is written again: a node of the next version may have put them there. */
const ringKey = z.looseObject({
  /** RFC 7638 thumbprint of `public_jwk`. */
  kid: z.string(),
  alg: signingAlg,
  state: keyState,
  created_at: epochSeconds,
  /** Since when it is published before it signs. A key of the first ring was never only announced. */
  announced_at: epochSeconds.exactOptional(),
  /** The version of the ring that announced it: who fetched that one, or a later one, has seen the key. */
  announced_version: z.int().positive().exactOptional(),
  /** Announced: not active before. Active and retiring: since when it is or was active. */
  activates_at: epochSeconds,
  /** Retiring: published until then. */
  retires_at: epochSeconds.exactOptional(),
  /** Retired or tainted since. */
  ended_at: epochSeconds.exactOptional(),
  /** Made active before its time: nodes sign with it at once, whatever verifiers know. */
  forced: z.literal(true).exactOptional(),
  public_jwk: publicJwk,
  /** JWE; destroyed when the key is retired or tainted. */
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
    /** JWE. What stored hashes depend on; absent while that is the key-encryption key itself. */
    sealed_root: z.string().exactOptional(),
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
  })
  .refine(({ keys }) => keys.every((key) => algsOf(key.public_jwk).includes(key.alg)), {
    error: 'a key is not of its algorithm',
  })
  .refine(({ keys }) => algsActive(keys).length === new Set(algsActive(keys)).size, {
    error: 'two keys of one algorithm are active',
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
export type PublishedJwk = WithoutAlg<PublicJwk> & {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly use: 'sig';
};
type WithoutAlg<Jwk> = Jwk extends unknown ? Omit<Jwk, 'alg'> : never;

export function isPublished({ state }: Pick<RingKey, 'state'>): boolean {
  return PUBLISHED[state];
}

export function publishedKeys(ring: Ring): PublishedJwk[] {
  return ring.keys
    .filter(isPublished)
    .map(({ kid, alg, public_jwk }) => ({ ...public_jwk, kid, alg, use: 'sig' }));
}

/** The algorithms of `wanted` that no key of the ring signs or will sign with. */
export function missingAlgs(ring: Ring, wanted: readonly SigningAlg[]): SigningAlg[] {
  const coming = ring.keys.filter(({ state }) => state === 'active' || state === 'announced');
  return wanted.filter((alg) => !coming.some((key) => key.alg === alg));
}

/** The ring one version on. */
export function nextVersion(ring: Ring, keys: readonly RingKey[]): Ring {
  return { ...ring, version: ring.version + 1, keys: [...keys] };
}

function algsActive(keys: readonly { readonly state: KeyState; readonly alg: SigningAlg }[]): SigningAlg[] {
  return keys.filter(({ state }) => state === 'active').map(({ alg }) => alg);
}
