/**
 * The public half of a signing key as a JWK, and its thumbprint. Only the members that make the key are
 * kept (RFC 7638 section 3.2): nothing else can be smuggled into the JWKS, a private member least of all.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);

/** Members in lexicographic order, as the thumbprint's hash input wants them (RFC 7638 section 3.3). */
export const publicJwk = z.discriminatedUnion('kty', [
  // RFC 9964: the algorithm is a part of such a key, and of its thumbprint.
  z.strictObject({ alg: z.enum(['ML-DSA-44', 'ML-DSA-65']), kty: z.literal('AKP'), pub: base64url }),
  z.strictObject({ crv: z.literal('P-256'), kty: z.literal('EC'), x: base64url, y: base64url }),
  z.strictObject({ crv: z.literal('Ed25519'), kty: z.literal('OKP'), x: base64url }),
  z.strictObject({ e: base64url, kty: z.literal('RSA'), n: base64url }),
]);
export type PublicJwk = z.infer<typeof publicJwk>;

export function publicJwkOf(key: KeyObject): PublicJwk {
  const publicKey = key.type === 'public' ? key : createPublicKey(key);
  return publicJwk.parse(publicKey.export({ format: 'jwk' }));
}

/** The key's id: a hash of the key, so the same id can't stand for two keys (S-JWT-10). */
export function thumbprint(jwk: PublicJwk): string {
  // zod writes members in the order of the schema, whatever the order they came in.
  return createHash('sha256')
    .update(JSON.stringify(publicJwk.parse(jwk)))
    .digest('base64url');
}
