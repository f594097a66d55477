/** Puts the bridge together: the registration core, and each dialect's routes with who may call them. */
import { randomBytes } from 'node:crypto';
import { type ClientRecord, publicIdOf } from '../clients/client-record.ts';
import { policyOf } from '../config/policy.ts';
import { api7Endpoints } from '../dialects/api7/endpoints.ts';
import { konnectEndpoints } from '../dialects/konnect/endpoints.ts';
import { rfc7591Endpoints } from '../dialects/rfc7591/endpoints.ts';
import type { RegisterRoutes } from '../http/apps.ts';
import { type Authenticate, type BindOptions, bindEndpoints } from '../http/bind-endpoints.ts';
import type { Endpoint } from '../lib/endpoint.ts';
import { authenticatePortal, authenticateRegistrant } from '../portals/authenticate.ts';
import type { Caller } from '../portals/caller.ts';
import type { RateLimiter } from '../portals/rate-limiter.ts';
import { authenticateClientManager } from '../registration/authenticate-client-manager.ts';
import { type ProviderRules, type RegistrationContext, recordIdOf } from '../registration/context.ts';
import type { CursorContext } from '../registration/list-clients.ts';
import { type RegistrationTokens, registrationTokens } from '../registration/registration-token.ts';
import { secretOf } from '../registration/upstream/binding.ts';
import type { UpstreamContext } from '../registration/upstream/context.ts';
import { REGISTRATION_PATH } from '../tokens/server-metadata.ts';
import { FAILURES_PER_MINUTE } from './failures-per-minute.ts';
import { nowSeconds, type Parts } from './parts.ts';

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

function registrationContext(
  { config, store, credentials }: Parts,
  upstream: UpstreamContext,
): RegistrationContext & CursorContext {
  const { hashSecret, secretSealer, signCursor, idempotencyHash, idempotencySealer } = credentials;
  const rules = (provider: (typeof config.providers)[string]): ProviderRules =>
    provider.type === 'local'
      ? { type: 'local', on_event: provider.on_event }
      : { type: 'oidc', on_event: { initial_resources: 'none', resources: {} } };
  return {
    clients: store.clients,
    secretUsage: store.secretUsage,
    random: randomBytes,
    hashSecret,
    sealSecret: (secret, secretId) => secretSealer.seal(secret, secretId),
    policyOf: (portal) => policyOf(config, portal),
    providers: new Map(Object.entries(config.providers).map(([name, provider]) => [name, rules(provider)])),
    idempotency: {
      hash: idempotencyHash,
      seal: idempotencySealer.seal,
      open: idempotencySealer.open,
      answerSeconds: config.idempotency_seconds,
      secretSeconds: config.idempotency_secret_seconds,
    },
    maxClientsInAll: config.max_clients,
    signCursor,
    upstream,
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

function secretRecovery(
  { config, credentials }: Parts,
  context: UpstreamContext,
): (client: ClientRecord) => string | undefined {
  return ({ portal, provider, upstream, secrets: [newest] }) => {
    if (policyOf(config, portal).secret_storage !== 'recoverable') return undefined;
    if (upstream !== undefined) return secretOf(context, provider, upstream);
    if (newest?.sealed === undefined) return undefined;
    return credentials.secretSealer.open(newest.sealed, newest.secret_id);
  };
}

const MINUTE_SECONDS = 60;

function bindOptions({ config, store }: Parts): Omit<BindOptions, 'authenticate'> {
  const byPoints = new Map<number, RateLimiter>();
  const limiter = (points: number) => {
    const known = byPoints.get(points) ?? store.rateLimiter({ points, windowSeconds: MINUTE_SECONDS });
    byPoints.set(points, known);
    return known;
  };
  return {
    takeCall: ({ portal, subject }) => limiter(policyOf(config, portal).calls_per_minute).take(subject, 1),
    takeFailure: (address) => limiter(FAILURES_PER_MINUTE).take(`failed:${address}`, 1),
    keyHeaders: [
      ...new Set(Object.values(config.portals).flatMap(({ api_key_headers = [] }) => api_key_headers)),
    ],
    keyHeadersOf: (portal) => policyOf(config, portal).api_key_headers,
    bodyLimits: { bytes: config.body_limit_bytes, timeoutMs: config.request_deadline_ms },
    now: nowSeconds,
  };
}
