/** A ring ready for use: authenticated, its private keys unsealed and parsed once, its publication made. */
import type { KeyObject } from 'node:crypto';
import type { KeyEncryptionKey } from './derive.ts';
import { type Publication, publish } from './jwks.ts';
import type { Ring, RingKey } from './ring.ts';
import { damaged, type KeyEncryptionKeys, openRingDocument, type Place } from './ring-document.ts';
import { unsealPrivateKey, unsealRootKey } from './seal.ts';
import { localSigner, type Signer } from './signer.ts';
import type { SigningAlg } from './signing-alg.ts';
import { signingOrder } from './signing-order.ts';

export interface OpenedRing {
  /** The sealed form that it was opened from. */
  readonly document: string;
  readonly ring: Ring;
  /** What it is sealed under, and what a change of it is sealed under again. */
  readonly kek: KeyEncryptionKey;
  /** What credentials are derived from: the first key-encryption key of this installation, whatever came after. */
  readonly root: KeyEncryptionKey;
  readonly publication: Publication;
  readonly signer: Signer;
  /** Of each algorithm the keys that may sign, the latest first: sorted once, not for each token. */
  readonly signing: ReadonlyMap<SigningAlg, readonly RingKey[]>;
}

/** Throws `RingError`: one key that can't be unsealed is reason enough not to use the ring. */
export async function openRing(keks: KeyEncryptionKeys, document: string, place: Place): Promise<OpenedRing> {
  const { ring, kek } = openRingDocument(keks, document, place);
  const privateKeys = new Map<string, KeyObject>();
  for (const { kid, sealed_private_key: sealed } of ring.keys) {
    if (sealed === undefined) continue;
    try {
      privateKeys.set(kid, await unsealPrivateKey(kek, kid, sealed));
    } catch (error) {
      throw damaged(place, `has a private key that can't be unsealed (kid ${kid})`, error);
    }
  }
  return {
    document,
    ring,
    kek,
    root: await rootOf(ring, kek, place),
    publication: publish(ring),
    signer: localSigner(ring.keys, privateKeys),
    signing: new Map(
      [...new Set(ring.keys.map(({ alg }) => alg))].map((alg) => [
        alg,
        signingOrder(ring.keys.filter((key) => key.alg === alg)),
      ]),
    ),
  };
}

async function rootOf(
  { sealed_root: sealed }: Ring,
  kek: KeyEncryptionKey,
  place: Place,
): Promise<KeyEncryptionKey> {
  if (sealed === undefined) return kek;
  try {
    return await unsealRootKey(kek, sealed);
  } catch (error) {
    throw damaged(place, "has a root key that can't be unsealed", error);
  }
}
