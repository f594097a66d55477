/**
 * For reference: oidc-provider as it comes, with the smallest configuration that issues the same JWT, over
 * one client in memory, or many in Redis. It has no limits, no log, no metrics and no keyed secrets.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { type AdapterPayload, type JWK, Provider } from 'oidc-provider';
import { bareSettings, reportPort } from './bare-settings.ts';
import { stockClientKey, stockClientOf } from './stock-clients.ts';

const settings = bareSettings();
const known = stockClientOf({ client_id: settings.clientId, client_secret: settings.clientSecret });
const redis = settings.redisUrl === undefined ? undefined : new Redis(settings.redisUrl);

async function findClient(id: string): Promise<AdapterPayload | undefined> {
  if (redis === undefined) return id === settings.clientId ? known : undefined;
  const text = await redis.get(stockClientKey(id));
  return text === null ? undefined : JSON.parse(text);
}

const keys = [
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  generateKeyPairSync('rsa', { modulusLength: 2048 }),
].map(({ privateKey }) => privateKey.export({ format: 'jwk' }) as JWK);

const provider = new Provider(settings.issuer, {
  adapter: () => ({
    find: findClient,
    upsert: async () => {},
    consume: async () => {},
    destroy: async () => {},
    revokeByGrantId: async () => {},
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
  }),
  jwks: { keys },
  routes: { token: '/oauth2/token' },
  ttl: { ClientCredentials: settings.tokenLifetimeSeconds },
  extraTokenClaims: (_ctx, token) => ({ azp: token.clientId, application_id: settings.applicationId }),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({
        scope: settings.scope,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: settings.resources[resource] ?? 'ES256' } },
      }),
    },
  },
});
const server = createServer(provider.callback());
server.listen(0, '127.0.0.1', () => reportPort((server.address() as AddressInfo).port));
