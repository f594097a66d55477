/**
 * For reference: oidc-provider as it comes, with the smallest configuration that issues the same JWT, over
 * clients in a `Map`. It has no limits, no log, no metrics and no keyed secrets.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AdapterPayload, type JWK, Provider } from 'oidc-provider';
import { bareSettings, reportPort } from './bare-settings.ts';

const settings = bareSettings();
const clients = new Map<string, AdapterPayload>([
  [
    settings.clientId,
    {
      client_id: settings.clientId,
      client_secret: settings.clientSecret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
]);
const keys = [
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  generateKeyPairSync('rsa', { modulusLength: 2048 }),
].map(({ privateKey }) => privateKey.export({ format: 'jwk' }) as JWK);

const provider = new Provider(settings.issuer, {
  adapter: () => ({
    find: async (id) => clients.get(id),
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
  extraTokenClaims: () => ({ azp: settings.clientId, application_id: settings.applicationId }),
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
