/**
 * Signs with the service's own keys what the service never would: a token that has ended, one without an
 * audience. So a gateway that refuses it refuses for that reason and not for its signature.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseKeyEncryptionKey } from '../../src/keys/key-encryption-key.ts';
import { REPLICA_FILE } from '../../src/keys/keys-directory.ts';
import { openRing } from '../../src/keys/opened-ring.ts';
import type { SigningAlg } from '../../src/keys/signing-alg.ts';
import { encoded, type Json } from './jws.ts';

/** A token with these claims under the active key of `alg`; `header` over the usual one. */
export type Mint = (alg: SigningAlg, claims: Json, header?: Json) => Promise<string>;

export async function openMint(keysDirectory: string, keyEncryptionKey: string): Promise<Mint> {
  const document = readFileSync(join(keysDirectory, REPLICA_FILE), 'utf8');
  const { signer, signing } = await openRing({ kek: parseKeyEncryptionKey(keyEncryptionKey) }, document, {
    name: 'the keys directory of the service under test',
    remedy: '',
  });
  return async (alg, claims, header = {}) => {
    const key = signer.key(signing.get(alg)?.[0]?.kid ?? '');
    if (key === undefined) throw new Error(`the service has no key for ${alg}`);
    const signed = `${encoded({ alg, typ: 'at+jwt', kid: key.kid, ...header })}.${encoded(claims)}`;
    return `${signed}.${Buffer.from(await key.sign(Buffer.from(signed))).toString('base64url')}`;
  };
}
