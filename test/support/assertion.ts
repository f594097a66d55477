/** A client that authenticates by its keys: makes keys and assertions, right ones and wrong ones. */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { type Answer, postToken } from './bridge.ts';
import type { TestService } from './service.ts';

/**
 * After a Redis has begun to remember claims: an assertion of before may be one that it has forgotten. Both times that
 * are compared are whole seconds, of clocks that need not turn at once.
 */
export const MEMORY_BEGINS_MS = 2100;

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface ClientKey {
  readonly alg: string;
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  /** With `kid`; what is registered. */
  readonly jwk: JWK;
}

export async function newClientKey(alg = 'ES256', kid: string = randomUUID()): Promise<ClientKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

export const epoch = (): number => Math.floor(Date.now() / 1000);

/** A right assertion, but for the claims and header members that are given; `undefined` takes one away. */
export function assertionOf(
  { alg, privateKey, jwk }: ClientKey,
  { client_id, issuer }: { readonly client_id: string; readonly issuer: string },
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const now = epoch();
  const right = { iss: client_id, sub: client_id, aud: issuer, jti: randomUUID(), iat: now, exp: now + 60 };
  const stated = Object.fromEntries(
    Object.entries({ ...right, ...claims }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(stated)
    .setProtectedHeader({ alg, kid: jwk.kid, ...header } as JWTHeaderParameters)
    .sign(privateKey, { crit: { exp: true } });
}

export function tokenByAssertion(
  service: TestService,
  assertion: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return postToken(service, {
    grant_type: 'client_credentials',
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: assertion,
    ...parameters,
  });
}
