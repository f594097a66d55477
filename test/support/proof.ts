/** DPoP proofs (RFC 9449), right ones and wrong ones. */
import { randomUUID } from 'node:crypto';
import { type JWTHeaderParameters, SignJWT } from 'jose';
import { type ClientKey, epoch } from './assertion.ts';

export type Changes = Readonly<Record<string, unknown>>;

/** A right proof for the token endpoint, but for the claims and header members that are given. */
export function proofOf(
  { alg, privateKey, jwk }: ClientKey,
  issuer: string,
  claims: Changes = {},
  header: Changes = {},
): Promise<string> {
  const { kid: _, ...bare } = jwk;
  const right = { htm: 'POST', htu: `${issuer}/oauth2/token`, jti: randomUUID(), iat: epoch() };
  return new SignJWT({ ...right, ...claims })
    .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: bare, ...header } as JWTHeaderParameters)
    .sign(privateKey);
}
