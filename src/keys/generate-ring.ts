/** Makes keys and the first ring. The only randomness that is not passed in is that of the key generation. */

import { toBase62 } from '../lib/base62.ts';
import type { RandomBytes } from '../lib/random.ts';
import type { KeyEncryptionKey } from './derive.ts';
import { publicJwkOf, thumbprint } from './public-jwk.ts';
import type { Ring, RingKey } from './ring.ts';
import { sealPrivateKey } from './seal.ts';
import { generatePrivateKey, type SigningAlg } from './signing-alg.ts';

/** Keys that sign at once: right only where no verifier can hold an older JWKS for these algorithms. */
export function generateActiveKeys(
  kek: KeyEncryptionKey,
  algs: readonly SigningAlg[],
  nowSeconds: number,
): Promise<RingKey[]> {
  return Promise.all([...new Set(algs)].map((alg) => generateActiveKey(kek, alg, nowSeconds)));
}

async function generateActiveKey(
  kek: KeyEncryptionKey,
  alg: SigningAlg,
  nowSeconds: number,
): Promise<RingKey> {
  const privateKey = await generatePrivateKey(alg);
  const public_jwk = publicJwkOf(privateKey);
  const kid = thumbprint(public_jwk);
  return {
    kid,
    alg,
    state: 'active',
    created_at: nowSeconds,
    activates_at: nowSeconds,
    public_jwk,
    sealed_private_key: await sealPrivateKey(kek, kid, privateKey),
  };
}

export function firstRing(keys: RingKey[], nowSeconds: number, random: RandomBytes): Ring {
  return { ring_id: `ring_${toBase62(random(16))}`, version: 1, created_at: nowSeconds, keys };
}
