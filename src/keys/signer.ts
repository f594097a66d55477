/**
 * The signer port: signs with the keys that it holds; which of them signs now is the ring's decision. A KMS,
 * Vault transit or a PKCS#11 token takes the place of `localSigner` by answering the same question; its
 * `sign` then returns a promise.
 */
import type { KeyObject } from 'node:crypto';
import type { RingKey } from './ring.ts';
import { type Sign, type SigningAlg, signerOf } from './signing-alg.ts';

/** The same object for every token of a key, so that its user may keep what follows from the key. */
export interface ActiveKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly sign: Sign;
}

export interface Signer {
  /** `undefined`: the private half of that key is not here. */
  key(kid: string): ActiveKey | undefined;
}

/** Signs in this process. `privateKeys` by kid. */
export function localSigner(
  keys: readonly Pick<RingKey, 'kid' | 'alg'>[],
  privateKeys: ReadonlyMap<string, KeyObject>,
): Signer {
  const prepared = new Map<string, ActiveKey>();
  for (const { kid, alg } of keys) {
    const privateKey = privateKeys.get(kid);
    if (privateKey !== undefined) prepared.set(kid, { kid, alg, sign: signerOf(alg, privateKey) });
  }
  return { key: (kid) => prepared.get(kid) };
}
