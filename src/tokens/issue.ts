/**
 * Issues an access token to an authenticated client: grant policy, claims, one signature. It reads no
 * store and writes nothing; both roads to the token endpoint end here.
 */
import type { TokenClient } from '../clients/token-client.ts';
import type { SigningAlg } from '../keys/signing-alg.ts';
import { ACCESS_TOKEN_TYPE, type AccessTokenClaims, accessTokenClaims, type Confirmation } from './claims.ts';
import {
  type Ceiling,
  decideGrant,
  type Grant,
  type ResourceCatalogue,
  type TokenRequest,
} from './grant-policy.ts';
import type { StatusListPlaces } from './status-list-places.ts';
import { TokenRefusal } from './token-refusal.ts';
import type { IssuedToken, TokenReuse } from './token-reuse.ts';

/** The key that signs now, for one algorithm. A remote signer's `sign` returns a promise. */
interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  /** The signature in JOSE form (RFC 7518 section 3) over `data`. */
  readonly sign: (data: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

export interface IssuerContext {
  readonly issuer: string;
  readonly catalogue: ResourceCatalogue;
  readonly ceilingOf: (portal: TokenClient['portal']) => Ceiling;
  /** Throws `Refusal` `ring_unavailable` when no key of that algorithm may sign. */
  readonly activeKey: (alg: SigningAlg, nowSeconds: number) => SigningKey;
  readonly newTokenId: () => string;
  readonly statusListPlaces: StatusListPlaces;
  readonly reuse: TokenReuse;
}

/** RFC 6749 section 5.1. There is never a refresh token (section 4.4.3). */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer' | 'DPoP';
  /** Seconds. */
  readonly expires_in: number;
  /** Absent when no scope was granted: the grammar of RFC 6749 section 3.3 has no empty scope. */
  readonly scope?: string;
}

/**
 * At once where the key is here and signing takes microseconds; a promise costs more than the rest.
 * Throws `TokenRefusal`, or `Refusal` (`ring_unavailable`).
 */
export function issueAccessToken(
  context: IssuerContext,
  client: TokenClient,
  request: TokenRequest,
  nowSeconds: number,
  proven?: Confirmation,
): TokenResponse | Promise<TokenResponse> {
  const confirmation = boundTo(client, proven);
  const grant = decideGrant(client, request, context.catalogue, context.ceilingOf(client.portal));
  const key = context.activeKey(grant.resource.signing_alg, nowSeconds);
  const origin = { client, key };
  // A bound token is one key's; the next request may come with another.
  const again = confirmation === undefined ? context.reuse.find(origin, grant, nowSeconds) : undefined;
  if (again !== undefined) return tokenResponse(again, grant, nowSeconds);
  const jti = context.newTokenId();
  const claims = accessTokenClaims(client, grant, {
    issuer: context.issuer,
    nowSeconds,
    jti,
    confirmation,
    status: grant.resource.status_list ? context.statusListPlaces.next(key.alg, nowSeconds) : undefined,
  });
  const respond = (token: string): TokenResponse => {
    const issued = { token, jti, issuedAt: nowSeconds, expiresAt: claims.exp };
    if (confirmation !== undefined) {
      const bound = tokenResponse(issued, grant, nowSeconds);
      return confirmation.jkt === undefined ? bound : { ...bound, token_type: 'DPoP' };
    }
    context.reuse.keep(origin, grant, issued);
    return tokenResponse(issued, grant, nowSeconds);
  };
  const token = signJwt(key, claims);
  return typeof token === 'string' ? respond(token) : token.then(respond);
}

/** What of it the token is bound to. Every proof binds, a certificate only for the client that wants it. */
function boundTo({ metadata }: TokenClient, proven: Confirmation | undefined): Confirmation | undefined {
  const wantsProof = metadata.dpop_bound_access_tokens === true;
  const wantsCertificate = metadata.tls_client_certificate_bound_access_tokens === true;
  if (proven === undefined && !wantsProof && !wantsCertificate) return undefined;
  const { jkt, 'x5t#S256': thumbprint } = proven ?? {};
  if (wantsProof && jkt === undefined) throw proofMissing();
  const byProof = jkt === undefined ? undefined : { jkt };
  if (!wantsCertificate) return byProof;
  if (thumbprint === undefined) throw certificateMissing();
  return { ...byProof, 'x5t#S256': thumbprint };
}

function proofMissing(): TokenRefusal {
  const description = 'this client gets DPoP-bound tokens only: send a DPoP proof (RFC 9449)';
  return new TokenRefusal('invalid_dpop_proof', description, { reason: 'no proof came' });
}

function certificateMissing(): TokenRefusal {
  const description = 'this client gets certificate-bound tokens only: show a client certificate (RFC 8705)';
  return new TokenRefusal('invalid_request', description);
}

function tokenResponse(
  { token, expiresAt }: IssuedToken,
  { scopes }: Grant,
  nowSeconds: number,
): TokenResponse {
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresAt - nowSeconds,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  };
}

/** Compact JWS (RFC 7515 section 7.1) with `typ: at+jwt` (RFC 9068 section 2.1). */
function signJwt(key: SigningKey, claims: AccessTokenClaims): string | Promise<string> {
  const signed = `${encodedHeader(key)}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const signature = key.sign(Buffer.from(signed, 'latin1'));
  return signature instanceof Uint8Array
    ? joined(signed, signature)
    : signature.then((made) => joined(signed, made));
}

function joined(signed: string, { buffer, byteOffset, length }: Uint8Array): string {
  return `${signed}.${Buffer.from(buffer, byteOffset, length).toString('base64url')}`;
}

const headers = new WeakMap<SigningKey, string>();

/** The same for every token of a key, so encoded once. */
function encodedHeader(key: SigningKey): string {
  const known = headers.get(key);
  if (known !== undefined) return known;
  const header = { alg: key.alg, typ: ACCESS_TOKEN_TYPE, kid: key.kid };
  const encoded = Buffer.from(JSON.stringify(header)).toString('base64url');
  headers.set(key, encoded);
  return encoded;
}
