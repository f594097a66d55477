/**
 * The token service as verifiers meet it: two resources, one for each algorithm that all of them take, and
 * two more, so that they meet a JWKS with keys that they can't use.
 */
import { join } from 'node:path';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import type { Genuine } from './forge.ts';
import { parts } from './jws.ts';
import { type Mint, openMint } from './mint.ts';

/** As `apache.conf` and `haproxy.cfg` know them. */
export const PROTECTED = [
  { path: '/orders', resource: 'https://api.example.com', alg: 'RS256' },
  { path: '/reports', resource: 'https://reports.example.com', alg: 'ES256' },
] as const;
export type Protected = (typeof PROTECTED)[number];

const RESOURCES = {
  ...Object.fromEntries(PROTECTED.map(({ resource, alg }) => [resource, signedWith(alg)])),
  'https://pss.example.com': signedWith('PS256'),
  'https://edwards.example.com': signedWith('EdDSA'),
};

function signedWith(signing_alg: string) {
  return { scopes: ['read', 'write'], signing_alg };
}

export const CONFIG = {
  resources: RESOURCES,
  default_resource: PROTECTED[0].resource,
  providers: { local: { type: 'local' } },
  portals: { '*': { providers: ['local'], resources: Object.keys(RESOURCES), scopes: ['read', 'write'] } },
};

export interface Issuer {
  readonly service: TestService;
  /** Registered for every resource and scope. */
  readonly client: Credentials;
  /** Signs with the service's keys. */
  readonly mint: Mint;
}

export async function startIssuer(): Promise<Issuer> {
  const keyEncryptionKey = newKeyEncryptionKey();
  const service = await startService({ config: CONFIG, env: { KEY_ENCRYPTION_KEY: keyEncryptionKey } });
  return {
    service,
    client: (await portal(service).create()).body,
    mint: await openMint(join(service.directory, 'keys'), keyEncryptionKey),
  };
}

/** A token that the service issues now. */
export async function issued(
  { service, client }: Pick<Issuer, 'service' | 'client'>,
  { resource }: Protected,
  parameters: Readonly<Record<string, string>> = {},
): Promise<string> {
  const answer = await fetchToken(service, client, { resource, ...parameters });
  if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.text}`);
  return answer.body.access_token;
}

/** `strangersUrl`: where keys could be published that are not ours. */
export async function genuine(issuer: Issuer, wanted: Protected, strangersUrl: string): Promise<Genuine> {
  const other = PROTECTED.find((api) => api !== wanted) ?? wanted;
  const token = await issued(issuer, wanted);
  const { kid } = parts(token).header;
  const published = await send(`${issuer.service.publicUrl}/.well-known/keys/${kid}.pem`);
  if (published.status !== 200) throw new Error(`the key of a token is not published: ${kid}`);
  return {
    token,
    forOtherApi: await issued(issuer, other),
    pem: published.text,
    mint: issuer.mint,
    strangersUrl,
  };
}
