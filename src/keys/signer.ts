/**
 * The signer port: who signs now, for one algorithm. A KMS, Vault transit or a PKCS#11 token takes the
 * place of `localSigner` by answering the same question; its `sign` then returns a promise.
 */
import type { KeyObject } from 'node:crypto';
import { Refusal } from '../lib/refusal.ts';
import { activeKey, type Ring } from './ring.ts';
import { type Sign, type SigningAlg, signerOf } from './signing-alg.ts';

/** The same object for every token of a key, so that its user may keep what follows from the key. */
export interface ActiveKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly sign: Sign;
}

export interface Signer {
  /** Throws `Refusal` `ring_unavailable` when no key of that algorithm may sign at `nowSeconds`. */
  activeKey(alg: SigningAlg, nowSeconds: number): ActiveKey;
}

/** Signs in this process. `privateKeys` by kid. */
export function localSigner(ring: Ring, privateKeys: ReadonlyMap<string, KeyObject>): Signer {
  const prepared = new Map<string, ActiveKey>();
  for (const { kid, alg } of ring.keys) {
    const privateKey = privateKeys.get(kid);
    if (privateKey !== undefined) prepared.set(kid, { kid, alg, sign: signerOf(alg, privateKey) });
  }
  return {
    activeKey: (alg, nowSeconds) => {
      const key = prepared.get(activeKey(ring, alg, nowSeconds)?.kid ?? '');
      if (key === undefined) throw new Refusal('ring_unavailable');
      return key;
    },
  };
}
