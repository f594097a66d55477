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
import type { TokenClient } from '../clients/token-client.ts';
import { Refusal } from '../lib/refusal.ts';
import { PUBLIC_PATHS } from '../tokens/server-metadata.ts';
import type { Confirm, ShortRoadContext } from '../tokens/short-road.ts';
import { authenticationFailed, type TokenError, TokenRefusal } from '../tokens/token-refusal.ts';
import { oneTarget, text } from '../tokens/token-target.ts';
import { clientAdapter, RECORD_MEMBER } from './client-adapter.ts';

/** The engine needs what the short road needs: both end in the same store, policy and key ring. */
export interface EngineOptions extends ShortRoadContext {
  readonly issuer: string;
}

type ProviderMiddleware = Provider['middleware'][number];
export type EngineContext = Parameters<ProviderMiddleware>[0];

/** For `POST /oauth2/token`. `confirm` says what the token is bound to, once the client is authenticated. */
export type Engine = (ctx: EngineContext, confirm?: Confirm) => Promise<void>;

export function createEngine(options: EngineOptions): Engine {
  const confirms = new WeakMap<object, Confirm>();
  const provider = new Provider(options.issuer, {
    adapter: clientAdapter(options.clients),
    jwks: { keys: [unusedKey()] },
    routes: { token: PUBLIC_PATHS.token },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    responseTypes: [],
    scopes: [],
    extraClientMetadata: { properties: [RECORD_MEMBER] },
    // Or a request that says an Origin would be refused. No CORS header leaves here (S-META-09).
    clientBasedCORS: () => true,
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  });
  provider.Client.prototype.compareClientSecret = function compareClientSecret(secret: string) {
    const client = recordOf(this);
    const matches = options.matchesSecret(client, secret);
    return matches && isRegisteredMethod(client, triedBasic(Provider.ctx));
  };
  provider.registerGrantType(
    'client_credentials',
    async function clientCredentials(ctx) {
      const client = recordOf(ctx.oidc.client);
      if (client === undefined) throw new Error('a client was authenticated that has no record');
      requireUnambiguous(ctx.oidc.body ?? {});
      const { resource, audience, scope } = ctx.oidc.params ?? {};
      const request = { resource: oneTarget(resource, audience), scope: text(scope) };
      // The engine itself knows nothing of a proof, and of no certificate.
      ctx.body = await options.issue(client, request, await confirms.get(ctx)?.());
    },
    ['scope', 'resource', 'audience'],
  );
  const handle = throughProvider(provider);
  return async function answerByEngine(ctx, confirm) {
    if (confirm !== undefined) confirms.set(ctx, confirm);
    await handle(ctx);
  };
}

/** The engine does not start without a key of its own. This one is forgotten with the process, unused. */
function unusedKey(): JWK {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as JWK;
}

function recordOf(client: unknown): TokenClient | undefined {
  return (client as { readonly [RECORD_MEMBER]?: TokenClient } | undefined)?.[RECORD_MEMBER];
}

/**
 * The engine lets `client_secret_basic` clients use `client_secret_post` and the reverse; we don't (L-14).
 * Asked with the secret, so that the wrong method looks like a wrong secret whatever else is wrong.
 */
function isRegisteredMethod(client: TokenClient | undefined, usedBasic: boolean): boolean {
  const method = usedBasic ? 'client_secret_basic' : 'client_secret_post';
  return client?.metadata.token_endpoint_auth_method === method;
}

function triedBasic(ctx: { get(header: string): string } | undefined): boolean {
  return ctx !== undefined && ctx.get('authorization') !== '';
}

/**
 * What the engine ignores: an assertion beside the secret, which could be there to satisfy a policy
 * (S-TOK-08), and a repeated parameter that it does not know or takes a list of (RFC 6749 section 3.2;
 * a list of resources would silently become the default one, S-TOK-04).
 */
function requireUnambiguous(body: Readonly<Record<string, unknown>>): void {
  if (text(body.client_assertion) !== undefined) {
    throw new errors.InvalidRequest('client authentication must only be provided using one mechanism');
  }
  if (Object.values(body).some(Array.isArray)) {
    throw new errors.InvalidRequest('no parameter may be provided twice');
  }
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
    for (const header of ENGINE_HEADERS) ctx.remove(header);
    const failure = failures.get(ctx);
    if (failure !== undefined) throw toRefusal(failure, triedBasic(ctx));
  };
}

/** What the engine sets and we do not: its CORS, and a challenge that differs by what failed. */
const ENGINE_HEADERS = [
  'Vary',
  'Access-Control-Allow-Origin',
  'Access-Control-Expose-Headers',
  'WWW-Authenticate',
];

/**
 * The engine calls these malformed requests. For RFC 6749 section 5.2 "no client authentication included"
 * is `invalid_client`, and an empty secret is a wrong one (S-TOK-10).
 */
const WITHOUT_CREDENTIALS = new Set([
  'no client authentication mechanism provided',
  'client_secret must be provided in the Authorization header',
]);

function toRefusal(failure: Error, usedBasic: boolean): Error {
  if (!(failure instanceof errors.OIDCProviderError)) return failure;
  // The engine answers 400 to its own limit (L-18).
  if (failure.cause instanceof Error && failure.cause.message === 'request entity too large') {
    return new Refusal('body_too_large');
  }
  const description = failure.error_description ?? failure.error;
  if (failure.error === 'invalid_client' || WITHOUT_CREDENTIALS.has(description)) {
    return authenticationFailed(failure.error_detail ?? description, usedBasic);
  }
  return new TokenRefusal(failure.error as TokenError, description, {
    status: failure.statusCode,
    reason: failure.error_detail ?? failure.error,
  });
}
