/**
 * A DPoP proof (RFC 9449 section 4.3): the caller holds the private half of the key in the proof's header,
 * for this very request, just now. Pure: the clock and our own URL are given, the latter never taken from the
 * request (S-POP-07). The proof is used once; who verifies it claims it.
 */
import { calculateJwkThumbprint, decodeJwt, EmbeddedJWK, errors, type JWTPayload, jwtVerify } from 'jose';
import { hasSecretMember } from '../clients/client-jwks.ts';
import { inThreadPool } from '../lib/thread-pool.ts';
import { NONCE_LIFE_SECONDS, type ProofNonces } from './proof-nonces.ts';
import { proofUrl } from './proof-url.ts';
import { TokenRefusal } from './token-refusal.ts';

/** No RSA: a key that anybody may bring must not choose how long we compute. */
export const PROOF_ALGS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;

/** How far `iat` may be from our clock, to either side: the client's clock and the way here. */
const PROOF_WINDOW_SECONDS = 60;
const MAX_JTI_CHARACTERS = 255;

export interface ExpectedProof {
  readonly method: string;
  /** Of the endpoint, as configured, without query and fragment. */
  readonly url: string;
  readonly nowSeconds: number;
  /** Where every proof must have one; else none is looked at. */
  readonly nonces: ProofNonces | undefined;
}

export interface Proof {
  /** RFC 7638 thumbprint of the key: `cnf.jkt`. */
  readonly jkt: string;
  readonly jti: string;
  /** By our clock: since the time that it states, or since its nonce was issued. */
  readonly ageSeconds: number;
  /** For how long it could be presented again. */
  readonly leftSeconds: number;
}

/** Throws `TokenRefusal` `invalid_dpop_proof` or `use_dpop_nonce`. */
export async function verifyProof(proof: string, expected: ExpectedProof): Promise<Proof> {
  try {
    const options = {
      algorithms: [...PROOF_ALGS],
      typ: 'dpop+jwt',
      // Of its times only `iat` is defined, and that is judged below.
      currentDate: new Date(expected.nowSeconds * 1000),
    };
    const { payload, protectedHeader } = await inThreadPool(() => jwtVerify(proof, EmbeddedJWK, options));
    const { jwk = {} } = protectedHeader;
    if (hasSecretMember(jwk)) throw new Error();
    const jti = jtiOf(payload, expected);
    return { jkt: await calculateJwkThumbprint(jwk), jti, ...timeOf(payload, expected) };
  } catch (error) {
    if (error instanceof TokenRefusal) throw error;
    throw proofRefused(
      error instanceof errors.JOSEError ? error.code : 'is not for this request, or not now',
    );
  }
}

/** Of a proof for this request. */
function jtiOf({ htm, htu, iat, jti }: JWTPayload, { method, url }: ExpectedProof): string {
  if (htm !== method || proofUrl(htu) !== proofUrl(url) || typeof iat !== 'number') throw new Error();
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_CHARACTERS) throw new Error();
  return jti;
}

/** By its nonce, which is our own clock's time, or else by what its maker's clock says (section 11.1). */
function timeOf(
  { nonce, iat = Number.NaN }: JWTPayload,
  { nowSeconds, nonces }: ExpectedProof,
): Pick<Proof, 'ageSeconds' | 'leftSeconds'> {
  if (nonces === undefined) {
    if (Math.abs(nowSeconds - iat) > PROOF_WINDOW_SECONDS) throw new Error();
    return timesAfter(nowSeconds - iat, PROOF_WINDOW_SECONDS);
  }
  const issuedAtSeconds = nonces.issuedAt(nonce, nowSeconds);
  if (issuedAtSeconds === undefined) throw nonceWanted();
  return timesAfter(nowSeconds - issuedAtSeconds, NONCE_LIFE_SECONDS);
}

function timesAfter(ageSeconds: number, lifeSeconds: number) {
  return { ageSeconds, leftSeconds: lifeSeconds - ageSeconds + 1 };
}

/**
 * Refuses a proof that has no good nonce, before anything else of the request is looked at: the client comes
 * again at once, and neither its assertion nor a guess at a secret was used up. Its signature is verified later.
 */
export function requireNonce(proof: string, { nonces, nowSeconds }: Omit<ExpectedProof, 'method' | 'url'>) {
  if (nonces === undefined) return;
  let nonce: unknown;
  try {
    ({ nonce } = decodeJwt(proof));
  } catch {
    // No JWT: what is wrong with it is told to who is authenticated.
    return;
  }
  if (nonces.issuedAt(nonce, nowSeconds) === undefined) throw nonceWanted();
}

/** `reason` is for the log. */
export function proofRefused(reason: string): TokenRefusal {
  const description = 'the DPoP proof is not valid for this request: make a new one for each (RFC 9449)';
  return new TokenRefusal('invalid_dpop_proof', description, { reason });
}

export function nonceWanted(): TokenRefusal {
  const description = 'make the DPoP proof anew with the nonce in the header DPoP-Nonce (RFC 9449 section 8)';
  return new TokenRefusal('use_dpop_nonce', description);
}
