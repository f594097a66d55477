/**
 * A client's assertion (`private_key_jwt`, RFC 7523 as drawn tighter by rfc7523bis and FAPI 2.0): signed by one
 * of the client's registered keys, for us alone, by and about that client, made just now, and used once.
 *
 * Pure: keys, clock and names are given. What the header says about keys (`jwk`, `jku`, `x5u`, `x5c`) is never
 * looked at (S-PKJ-12); a `crit` that we do not know is refused by jose.
 */
import { decodeJwt, decodeProtectedHeader, errors, type JWK, type JWTPayload, jwtVerify } from 'jose';
import {
  algsOf,
  CLIENT_SIGNING_ALGS,
  type ClientJwk,
  type ClientSigningAlg,
} from '../clients/client-jwks.ts';
import { inThreadPool } from '../lib/thread-pool.ts';

const MINUTE_SECONDS = 60;
/** The longest time from `iat` to `exp`, and so for how long its `jti` is remembered (S-PKJ-08, L-05). */
const MAX_ASSERTION_SECONDS = 5 * MINUTE_SECONDS;
/** How far a client's clock may be from ours. */
const CLOCK_SKEW_SECONDS = 30;
const MAX_JTI_CHARACTERS = 255;

/** Other kinds of JWT have types of their own: an access token or a DPoP proof is no assertion (S-PKJ-15). */
const TYPES: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'client-authentication+jwt']);

/** What an assertion says before anything of it is believed: good for finding the client and its keys. */
export interface AssertionClaim {
  readonly clientId: string;
  readonly alg: ClientSigningAlg;
  readonly kid: string | undefined;
}

export interface ExpectedAssertion {
  /** The only audience: not our token endpoint, not a list with us in it (S-PKJ-01, L-03, L-04). */
  readonly issuer: string;
  readonly clientId: string;
  readonly nowSeconds: number;
}

export interface Assertion {
  readonly jti: string;
  readonly ageSeconds: number;
  /** For how long it could be presented again. */
  readonly leftSeconds: number;
}

/** `undefined` for what can be nobody's assertion. */
export function readAssertion(text: string): AssertionClaim | undefined {
  try {
    const { alg, kid } = decodeProtectedHeader(text);
    const { sub } = decodeJwt(text);
    const known = CLIENT_SIGNING_ALGS.find((name) => name === alg);
    if (known === undefined || sub === undefined) return undefined;
    return { clientId: sub, alg: known, kid: typeof kid === 'string' ? kid : undefined };
  } catch {
    return undefined;
  }
}

/** The keys that may have made it. One without a `kid` is tried for any. */
export function candidateKeys(
  keys: readonly ClientJwk[],
  { alg, kid }: AssertionClaim,
): readonly ClientJwk[] {
  return keys.filter(
    (key) =>
      algsOf(key).includes(alg) &&
      (key.alg ?? alg) === alg &&
      (kid === undefined || key.kid === undefined || key.kid === kid),
  );
}

/** Throws an error whose message is for the log. At least one key must be given, so that each "no" costs alike. */
export async function verifyAssertion(
  text: string,
  { alg }: AssertionClaim,
  keys: readonly ClientJwk[],
  expected: ExpectedAssertion,
): Promise<Assertion> {
  const { clientId, issuer, nowSeconds } = expected;
  const { payload, protectedHeader } = await verifiedBy(keys, text, {
    algorithms: [alg],
    issuer: clientId,
    subject: clientId,
    audience: issuer,
    clockTolerance: CLOCK_SKEW_SECONDS,
    currentDate: new Date(nowSeconds * 1000),
    requiredClaims: ['exp', 'iat', 'jti'],
  });
  const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '');
  if (!TYPES.has(type)) throw new Error('is of another type');
  // jose takes a list that has us in it.
  if (payload.aud !== issuer) throw new Error('has other audiences too');
  return used(payload, nowSeconds);
}

async function verifiedBy(
  keys: readonly ClientJwk[],
  text: string,
  options: Parameters<typeof jwtVerify>[2],
) {
  for (const [index, key] of keys.entries()) {
    try {
      return await inThreadPool(() => jwtVerify(text, key as object as JWK, options));
    } catch (error) {
      const tryNext = error instanceof errors.JWSSignatureVerificationFailed && index < keys.length - 1;
      if (!tryNext) throw new Error(reasonOf(error));
    }
  }
  throw new Error('no key');
}

/** Never jose's message: it may repeat what was sent. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed) return `${error.code} ${error.reason}`;
  return error instanceof errors.JOSEError ? error.code : 'could not be verified';
}

function used({ iat, exp, jti }: JWTPayload, nowSeconds: number): Assertion {
  if (typeof iat !== 'number' || typeof exp !== 'number') throw new Error('has no times');
  if (iat > nowSeconds + CLOCK_SKEW_SECONDS) throw new Error('is from the future');
  if (exp <= iat || exp - iat > MAX_ASSERTION_SECONDS) throw new Error('lives too long, or not at all');
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_CHARACTERS) throw new Error('has no jti');
  return { jti, ageSeconds: nowSeconds - iat, leftSeconds: exp + CLOCK_SKEW_SECONDS - nowSeconds };
}
