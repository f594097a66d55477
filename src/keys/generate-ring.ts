/** Makes keys and the first ring. The only randomness that is not passed in is that of the key generation. */
import type { KeyObject } from 'node:crypto';
import { toBase62 } from '../lib/base62.ts';
import type { RandomBytes } from '../lib/random.ts';
import type { KeyEncryptionKey } from './derive.ts';
import type { NewKey } from './key-life.ts';
import { publicJwkOf, thumbprint } from './public-jwk.ts';
import type { Ring, RingKey } from './ring.ts';
import { sealPrivateKey } from './seal.ts';
import { generatePrivateKey, type SigningAlg } from './signing-alg.ts';

/** Keys that sign at once: right only where no verifier can hold an older JWKS, in the first ring. */
export async function generateActiveKeys(
  kek: KeyEncryptionKey,
  algs: readonly SigningAlg[],
  nowSeconds: number,
): Promise<RingKey[]> {
  const keys = await Promise.all([...new Set(algs)].map((alg) => generateKey(kek, alg)));
  return keys.map((key) => ({ ...key, state: 'active', created_at: nowSeconds, activates_at: nowSeconds }));
}

export async function generateKey(kek: KeyEncryptionKey, alg: SigningAlg): Promise<NewKey> {
  return sealedKey(kek, alg, await generatePrivateKey(alg));
}

export async function sealedKey(
  kek: KeyEncryptionKey,
  alg: SigningAlg,
  privateKey: KeyObject,
): Promise<NewKey> {
  const public_jwk = publicJwkOf(privateKey);
  const kid = thumbprint(public_jwk);
  return { kid, alg, public_jwk, sealed_private_key: await sealPrivateKey(kek, kid, privateKey) };
}

export function firstRing(keys: RingKey[], nowSeconds: number, random: RandomBytes): Ring {
  return { ring_id: `ring_${toBase62(random(16))}`, version: 1, created_at: nowSeconds, keys };
}
