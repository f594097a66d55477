/**
 * Binds a dialect's route table to the router. The order for each request is fixed here: who is calling,
 * then the body, then the act, then the response's own schema, so that an internal member can't slip out.
 */
import type { RouterMiddleware } from '@koa/router';
import type { Context } from 'koa';
import { isClientId } from '../clients/client-id.ts';
import type { Endpoint, EndpointResponse } from '../lib/endpoint.ts';
import type { PortalName } from '../portals/portal-name.ts';
import type { RegisterRoutes } from './apps.ts';
import { type BodyLimits, readJsonObject } from './middleware/json-body.ts';
import { type AuthenticatePortal, portalKey } from './middleware/portal-key.ts';

export interface BindOptions {
  readonly authenticate: AuthenticatePortal;
  readonly bodyLimits: BodyLimits;
  /** Epoch seconds. */
  readonly now: () => number;
}

export function bindEndpoints(
  endpoints: readonly Endpoint<PortalName>[],
  options: BindOptions,
): RegisterRoutes {
  const authenticate = portalKey(options.authenticate) as RouterMiddleware;
  return (router) => {
    for (const endpoint of endpoints) {
      router.register(endpoint.path, [endpoint.method], [authenticate, handler(endpoint, options)]);
    }
  };
}

function handler(endpoint: Endpoint<PortalName>, { bodyLimits, now }: BindOptions): RouterMiddleware {
  return async function handleEndpoint(ctx) {
    // For the log. What can't be an id may be anything, a secret in the wrong place even (S-LOG-07).
    const id = ctx.params.client_id;
    if (id !== undefined && isClientId(id)) ctx.state.clientId = id;
    const body =
      endpoint.requestBody === 'none' ? {} : await readJsonObject(ctx, bodyLimits, endpoint.requestBody);
    const request = { caller: ctx.state.portal, params: ctx.params, body, nowSeconds: now() };
    send(ctx, endpoint, await endpoint.handle(request));
  };
}

function send(ctx: Context, endpoint: Endpoint<PortalName>, response: EndpointResponse): void {
  const schema = endpoint.responses[response.status];
  if (schema === undefined)
    throw new Error(`${endpoint.method} ${endpoint.path} answered an undeclared status`);
  const body = schema === null ? null : schema.parse(response.body);
  // RFC 7591 section 3.2.1 and RFC 6749 section 5.1 want both wherever a secret is in the body.
  if (response.secret) ctx.set('Pragma', 'no-cache');
  const clientId: unknown = response.body?.client_id;
  if (typeof clientId === 'string') ctx.state.clientId = clientId;
  ctx.status = response.status;
  ctx.body = body;
}
