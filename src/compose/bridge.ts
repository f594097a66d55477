/** Puts the bridge together: the registration core, and each dialect's routes with who may call them. */
import { publicIdOf } from '../clients/client-record.ts';
import { api7Endpoints } from '../dialects/api7/endpoints.ts';
import { konnectEndpoints } from '../dialects/konnect/endpoints.ts';
import { rfc7591Endpoints } from '../dialects/rfc7591/endpoints.ts';
import type { RegisterRoutes } from '../http/apps.ts';
import { type Authenticate, bindEndpoints } from '../http/bind-endpoints.ts';
import type { Endpoint } from '../lib/endpoint.ts';
import { authenticatePortal, authenticateRegistrant } from '../portals/authenticate.ts';
import type { Caller } from '../portals/caller.ts';
import { authenticateClientManager } from '../registration/authenticate-client-manager.ts';
import { type RegistrationContext, recordIdOf } from '../registration/context.ts';
import { type RegistrationTokens, registrationTokens } from '../registration/registration-token.ts';
import type { UpstreamContext } from '../registration/upstream/context.ts';
import { REGISTRATION_PATH } from '../tokens/server-metadata.ts';
import { bindOptions } from './bind-options.ts';
import { nowSeconds, type Parts } from './parts.ts';
import { registrationContext, secretRecovery } from './registration-context.ts';

/** One dialect on one listener: for its routes, and for the API description. */
export interface Group {
  readonly listener: 'public' | 'management';
  readonly dialect: 'api7' | 'konnect' | 'rfc7591';
  readonly endpoints: readonly Endpoint<Caller>[];
  readonly authenticate: Authenticate;
}

export function bridge(parts: Parts, upstream: UpstreamContext): readonly Group[] {
  const { config, credentials, portals } = parts;
  const context = registrationContext(parts, upstream);
  const tokens = registrationTokens(credentials.registrationToken);
  const asPortal: Authenticate = (key) => authenticatePortal(portals, key, nowSeconds());
  const asManager = clientManager(parts, context, tokens);
  const base = config.issuer + REGISTRATION_PATH;
  const registration = { issuer: config.issuer, tokens, recoverSecret: secretRecovery(parts, upstream) };
  return [
    {
      listener: 'management',
      dialect: 'api7',
      endpoints: api7Endpoints(context, config.issuer),
      authenticate: asPortal,
    },
    {
      listener: 'management',
      dialect: 'konnect',
      endpoints: konnectEndpoints(context),
      authenticate: asPortal,
    },
    {
      listener: 'management',
      dialect: 'rfc7591',
      endpoints: rfc7591Endpoints(context, {
        ...registration,
        base: '/register/:provider',
        operationPrefix: 'provider',
        clientUri: (client) =>
          `${parts.managementUrl()}/register/${client.provider}/${encodeURIComponent(publicIdOf(client))}`,
      }),
      authenticate: asManager,
    },
    {
      listener: 'public',
      dialect: 'rfc7591',
      endpoints: rfc7591Endpoints(context, {
        ...registration,
        base: REGISTRATION_PATH,
        operationPrefix: 'own',
        clientUri: ({ client_id }) => `${base}/${client_id}`,
      }),
      authenticate: asManager,
    },
  ];
}

/**
 * The routes of one listener's groups. Both listeners count calls together: what a key may make in a
 * minute does not double because there are two doors.
 */
export function bridgeRoutes(
  parts: Parts,
  groups: readonly Group[],
): (listener: Group['listener']) => RegisterRoutes {
  const options = bindOptions(parts);
  return (listener) => (router) => {
    for (const { endpoints, authenticate } of groups.filter((group) => group.listener === listener)) {
      bindEndpoints(endpoints, { ...options, authenticate })(router);
    }
  };
}

/** An initial access token registers; a registration access token manages its client; a key does both. */
function clientManager(
  { store, portals }: Parts,
  context: RegistrationContext,
  tokens: RegistrationTokens,
): Authenticate {
  const managers = {
    clients: store.clients,
    portals: store.portals,
    tokens,
    authenticatePortal: (key: string | undefined, now: number) => authenticatePortal(portals, key, now),
  };
  return (credential, { provider = 'local', client_id }) =>
    client_id === undefined
      ? authenticateRegistrant(portals, credential, nowSeconds())
      : authenticateClientManager(
          managers,
          credential,
          recordIdOf(context, { provider }, client_id),
          nowSeconds(),
        );
}
