/**
 * Keys of nobody: what is verified by when there is no key to verify by, so that an unknown client, one
 * without that key and a wrong signature take the same time (S-TOK-11).
 */
import { generateKeyPairSync } from 'node:crypto';
import type { ClientJwk, ClientSigningAlg } from '../clients/client-jwks.ts';
import type { RandomBytes } from '../lib/random.ts';

export type DecoyKeys = Readonly<Record<ClientSigningAlg, ClientJwk>>;

/** Made once, at start. */
export function decoyKeys(random: RandomBytes): DecoyKeys {
  const rsa = rsaOf(random(256));
  const okp = onCurve('ed25519');
  return {
    RS256: rsa,
    PS256: rsa,
    ES256: onCurve('P-256'),
    ES384: onCurve('P-384'),
    ES512: onCurve('P-521'),
    EdDSA: okp,
    Ed25519: okp,
  };
}

/** An odd number of 2048 bits: verifying does not ask whether anybody knows its factors. */
function rsaOf(bytes: Uint8Array): ClientJwk {
  const modulus = Buffer.from(bytes);
  modulus[0] = 0xff;
  modulus[modulus.length - 1] = 0xff;
  return { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' };
}

function onCurve(curve: 'ed25519' | 'P-256' | 'P-384' | 'P-521'): ClientJwk {
  const pair =
    curve === 'ed25519' ? generateKeyPairSync(curve) : generateKeyPairSync('ec', { namedCurve: curve });
  return pair.publicKey.export({ format: 'jwk' }) as object as ClientJwk;
}
