/**
 * A DPoP proof (RFC 9449 section 4.3): the caller holds the private half of the key in the proof's header,
 * for this very request, just now. Pure: the clock and our own URL are given, the latter never taken from the
 * request (S-POP-07). The proof is used once; who verifies it claims it.
 */
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWTPayload, jwtVerify } from 'jose';
import { TokenRefusal } from './token-refusal.ts';

/** No RSA: a key that anybody may bring must not choose how long we compute. */
export const PROOF_ALGS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;

/** How far `iat` may be from our clock, to either side: the client's clock and the way here. */
export const PROOF_WINDOW_SECONDS = 60;
const MAX_JTI_CHARACTERS = 255;

export interface ExpectedProof {
  readonly method: string;
  /** Of the endpoint, as configured, without query and fragment. */
  readonly url: string;
  readonly nowSeconds: number;
}

export interface Proof {
  /** RFC 7638 thumbprint of the key: `cnf.jkt`. */
  readonly jkt: string;
  readonly jti: string;
  readonly issuedAtSeconds: number;
}

/** Throws `TokenRefusal` `invalid_dpop_proof`. */
export async function verifyProof(proof: string, expected: ExpectedProof): Promise<Proof> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      algorithms: [...PROOF_ALGS],
      typ: 'dpop+jwt',
      // Of its times only `iat` is defined, and that is judged below.
      currentDate: new Date(expected.nowSeconds * 1000),
    });
    const { jti, iat } = judged(payload, expected);
    return { jkt: await calculateJwkThumbprint(protectedHeader.jwk ?? {}), jti, issuedAtSeconds: iat };
  } catch (error) {
    throw proofRefused(
      error instanceof errors.JOSEError ? error.code : 'is not for this request, or not now',
    );
  }
}

function judged(
  { htm, htu, iat, jti }: JWTPayload,
  { method, url, nowSeconds }: ExpectedProof,
): { readonly jti: string; readonly iat: number } {
  if (htm !== method || typeof htu !== 'string' || withoutQuery(htu) !== withoutQuery(url)) throw new Error();
  if (typeof iat !== 'number' || Math.abs(nowSeconds - iat) > PROOF_WINDOW_SECONDS) throw new Error();
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_CHARACTERS) throw new Error();
  return { jti, iat };
}

function withoutQuery(text: string): string {
  const url = new URL(text);
  url.search = '';
  url.hash = '';
  return url.href;
}

/** `reason` is for the log. */
export function proofRefused(reason: string): TokenRefusal {
  const description = 'the DPoP proof is not valid for this request: make a new one for each (RFC 9449)';
  return new TokenRefusal('invalid_dpop_proof', description, { reason });
}
