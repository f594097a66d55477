/**
 * Binds a dialect's route table to the router. The order for each request is fixed here: who is calling,
 * how often, then query and body, then the act, then the response's own schema, so that an internal member
 * can't slip out.
 */
import type { RouterMiddleware } from '@koa/router';
import type { Context } from 'koa';
import { isClientId } from '../clients/client-id.ts';
import { callerNetwork } from '../lib/caller-network.ts';
import type { Endpoint, EndpointResponse } from '../lib/endpoint.ts';
import { Refusal } from '../lib/refusal.ts';
import type { Caller } from '../portals/caller.ts';
import type { RegisterRoutes } from './apps.ts';
import { credentialOf } from './middleware/credential.ts';
import { type BodyLimits, readJsonObject } from './middleware/json-body.ts';

/** Throws `Refusal` or `StoreUnavailable`. `params` are the path's: some credentials are for one client. */
export type Authenticate = (
  credential: string | undefined,
  params: Readonly<Record<string, string>>,
) => Promise<Caller>;

export interface BindOptions {
  readonly authenticate: Authenticate;
  /** Seconds to wait when the caller has used up its calls. */
  readonly takeCall: (caller: Caller) => Promise<number | undefined>;
  /** Counts a refused credential by where it came from; seconds to wait when there were too many. */
  readonly takeFailure: (address: string) => Promise<number | undefined>;
  /** The headers besides the usual ones in which some portal may send its key. */
  readonly keyHeaders: readonly string[];
  /** Those in which this portal may. */
  readonly keyHeadersOf: (portal: Caller['portal']) => readonly string[];
  readonly bodyLimits: BodyLimits;
  /** Epoch seconds. */
  readonly now: () => number;
}

export function bindEndpoints(endpoints: readonly Endpoint<Caller>[], options: BindOptions): RegisterRoutes {
  return (router) => {
    for (const endpoint of endpoints) {
      router.register(endpoint.path, [endpoint.method], [handler(endpoint, options)]);
    }
  };
}

function handler(endpoint: Endpoint<Caller>, options: BindOptions): RouterMiddleware {
  return async function handleEndpoint(ctx) {
    // For the log. What can't be an id may be anything, a secret in the wrong place even (S-LOG-07).
    const id = ctx.params.client_id;
    if (id !== undefined && isClientId(id)) ctx.state.clientId = id;
    const caller = await authenticated(ctx, options);
    ctx.state.portal = caller.portal;
    refuseOverLimit(await options.takeCall(caller));
    const { requestBody } = endpoint;
    const response = await endpoint.handle({
      caller,
      params: ctx.params,
      query: singleValues(ctx.query),
      body:
        requestBody === undefined ? {} : await readJsonObject(ctx, options.bodyLimits, requestBody.presence),
      idempotencyKey: endpoint.idempotent ? idempotencyKeyOf(ctx) : undefined,
      route: `${ctx.method} ${addressOf(endpoint.path, ctx.params)}`,
      nowSeconds: options.now(),
    });
    send(ctx, endpoint, response);
  };
}

/** One text for one address, whatever the case, the escapes and the slash at the end of the path that came. */
function addressOf(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
}

/** An empty key is a key, a malformed one: its sender counts on it. Several are joined, and so refused. */
function idempotencyKeyOf(ctx: Context): string | undefined {
  const key = ctx.headers['idempotency-key'];
  return Array.isArray(key) ? key.join(', ') : key;
}

async function authenticated(ctx: Context, options: BindOptions): Promise<Caller> {
  try {
    const credential = credentialOf(ctx, options.keyHeaders);
    const caller = await options.authenticate(credential?.value, ctx.params);
    const own = options.keyHeadersOf(caller.portal);
    // In another portal's header it is not looked for: the answer is that of a key that does not exist.
    if (credential?.namedHeaders.some((header) => !own.includes(header))) throw new Refusal('key_unknown');
    return caller;
  } catch (error) {
    // Only what was refused is counted: a portal that has a key is not slowed down by its neighbours.
    if (error instanceof Refusal)
      refuseOverLimit(await options.takeFailure(callerNetwork(ctx.ip)), TOO_MANY_FAILURES);
    throw error;
  }
}

/** Behind one address there may be many: whose key is valid never gets here, whatever the others send. */
const TOO_MANY_FAILURES =
  'Too many refused keys come from this address; a valid key is not held back. Check the key, and wait for as long as Retry-After says.';

function refuseOverLimit(retryAfterSeconds: number | undefined, detail?: string): void {
  if (retryAfterSeconds === undefined) return;
  const headers = { 'retry-after': String(retryAfterSeconds) };
  throw new Refusal('rate_limited', { headers, ...(detail === undefined ? {} : { detail }) });
}

function singleValues(query: Context['query']): Record<string, string> {
  const values: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(query)) {
    if (typeof value !== 'string') {
      throw new Refusal('query_invalid', { problems: [{ path: '$', message: 'a parameter came twice' }] });
    }
    values[name] = value;
  }
  return values;
}

function send(ctx: Context, endpoint: Endpoint<Caller>, response: EndpointResponse): void {
  const declared = endpoint.responses[response.status];
  if (declared === undefined) throw new Error(`${endpoint.operationId} answered an undeclared status`);
  const body = declared.schema === null ? null : declared.schema.parse(response.body);
  // RFC 7591 section 3.2.1 and RFC 6749 section 5.1 want both wherever a secret is in the body.
  if (response.secret) ctx.set('Pragma', 'no-cache');
  const clientId: unknown = response.body?.client_id;
  if (typeof clientId === 'string') ctx.state.clientId = clientId;
  ctx.status = response.status;
  ctx.body = body;
}
