/**
 * The authorization-server engine, oidc-provider, behind the token endpoint: it parses the request and
 * authenticates the client over our store; what the client may have and how the token looks is ours
 * (`tokens/`), signed by our key ring. So the engine holds no key, and rotating one needs no new engine.
 *
 * It mounts the token endpoint only. Its errors leave here as `TokenRefusal`, and whatever went wrong in
 * our own code underneath leaves as it was thrown.
 */
import { generateKeyPairSync } from 'node:crypto';
import { errors, type JWK, Provider } from 'oidc-provider';
import type { ClientRecord } from '../clients/client-record.ts';
import type { ClientStore } from '../clients/client-store.ts';
import type { TokenRequest } from '../tokens/grant-policy.ts';
import type { TokenResponse } from '../tokens/issue.ts';
import { PUBLIC_PATHS } from '../tokens/server-metadata.ts';
import { type TokenError, TokenRefusal } from '../tokens/token-refusal.ts';
import { clientAdapter, RECORD_MEMBER } from './client-adapter.ts';

export interface EngineOptions {
  readonly issuer: string;
  readonly clients: Pick<ClientStore, 'read'>;
  /** Whether `secret` is valid for `client` now. Must cost the same for `undefined`, the unknown client. */
  readonly matchesSecret: (client: ClientRecord | undefined, secret: string) => boolean;
  readonly issue: (client: ClientRecord, request: TokenRequest) => Promise<TokenResponse>;
}

type ProviderMiddleware = Provider['middleware'][number];
export type EngineContext = Parameters<ProviderMiddleware>[0];

/** A Koa middleware for `POST /oauth2/token`. */
export function createEngine(options: EngineOptions): (ctx: EngineContext) => Promise<void> {
  const provider = new Provider(options.issuer, {
    adapter: clientAdapter(options.clients),
    jwks: { keys: [unusedKey()] },
    routes: { token: PUBLIC_PATHS.token },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    responseTypes: [],
    scopes: [],
    extraClientMetadata: { properties: [RECORD_MEMBER] },
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  });
  provider.Client.prototype.compareClientSecret = function compareClientSecret(secret: string) {
    return options.matchesSecret(recordOf(this), secret);
  };
  provider.registerGrantType(
    'client_credentials',
    async function clientCredentials(ctx) {
      const client = recordOf(ctx.oidc.client);
      if (client === undefined) throw new Error('a client was authenticated that has no record');
      requireRegisteredMethod(client, ctx.get('authorization') !== '');
      const { resource, audience, scope } = ctx.oidc.params ?? {};
      ctx.body = await options.issue(client, { resource: oneTarget(resource, audience), scope: text(scope) });
    },
    ['scope', 'resource', 'audience'],
  );
  return throughProvider(provider);
}

/** The engine does not start without a key of its own. This one is forgotten with the process, unused. */
function unusedKey(): JWK {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as JWK;
}

function recordOf(client: unknown): ClientRecord | undefined {
  return (client as { readonly [RECORD_MEMBER]?: ClientRecord } | undefined)?.[RECORD_MEMBER];
}

/** The engine lets `client_secret_basic` clients use `client_secret_post` and the reverse; we don't (L-14). */
function requireRegisteredMethod(client: ClientRecord, usedBasic: boolean): void {
  const method = usedBasic ? 'client_secret_basic' : 'client_secret_post';
  if (client.metadata.token_endpoint_auth_method === method) return;
  throw new errors.InvalidClientAuth('not the method that the client is registered with');
}

/** `audience` is what Auth0- and Konnect-shaped clients call `resource` (RFC 8707). */
function oneTarget(resource: unknown, audience: unknown): string | undefined {
  if (text(resource) !== undefined && text(audience) !== undefined && resource !== audience) {
    throw new TokenRefusal('invalid_target', 'resource and audience differ; send one of them');
  }
  return text(resource) ?? text(audience);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function throughProvider(provider: Provider): (ctx: EngineContext) => Promise<void> {
  const [handle, ...others] = provider.middleware;
  if (handle === undefined || others.length > 0) throw new Error('oidc-provider has changed its middleware');
  const failures = new WeakMap<object, Error>();
  const remember = (ctx: object, error: Error) => failures.set(ctx, error);
  provider.on('grant.error', remember);
  provider.on('server_error', remember);
  return async function tokenEndpoint(ctx) {
    await handle(ctx, async () => {});
    const failure = failures.get(ctx);
    if (failure !== undefined) throw toRefusal(failure, ctx.response.get('www-authenticate') ?? '');
  };
}

function toRefusal(failure: Error, wwwAuthenticate: string): Error {
  if (!(failure instanceof errors.OIDCProviderError)) return failure;
  const cause = failure.cause instanceof Error ? failure.cause.message : undefined;
  return new TokenRefusal(failure.error as TokenError, failure.error_description ?? failure.error, {
    // The engine answers 400 to its own limit (L-18).
    status: cause === 'request entity too large' ? 413 : failure.statusCode,
    reason: failure.error_detail ?? failure.error,
    headers: wwwAuthenticate === '' ? {} : { 'www-authenticate': wwwAuthenticate },
  });
}
