/**
 * Outermost: gives each request an id, turns what went wrong into the one error response, and writes one
 * log line. The line holds the route's template, never the URL: ids in paths and anything in a query stay
 * out of it (S-LOG-07). Successful reads and tokens are logged at `debug`: at 10,000 a second they would
 * be the load.
 */
import type { Context, Middleware } from 'koa';
import type { Logger } from '../../telemetry/log.ts';
import type { RequestMetrics } from '../../telemetry/metrics.ts';
import { respondWithError } from '../error-response.ts';

export interface RequestLogOptions {
  readonly listener: 'public' | 'management' | 'ops';
  readonly log: Logger;
  readonly metrics: RequestMetrics;
  readonly newRequestId: () => string;
}

export function requestLog({ listener, log, metrics, newRequestId }: RequestLogOptions): Middleware {
  return async function logRequest(ctx, next) {
    const started = performance.now();
    const requestId = newRequestId();
    let reason: string | undefined;
    try {
      await next();
    } catch (error) {
      reason = respondWithError(ctx, error, requestId);
      if (ctx.status >= 500) log.error({ request_id: requestId, err: error }, reason);
    }
    const durationMs = performance.now() - started;
    const route = routeOf(ctx);
    metrics.observe({ listener, method: ctx.method, route, status: ctx.status, seconds: durationMs / 1000 });
    const level = levelOf(ctx, reason);
    if (!log.isLevelEnabled(level)) return;
    log[level](
      {
        listener,
        request_id: requestId,
        method: ctx.method,
        route,
        status: ctx.status,
        duration_ms: Math.round(durationMs * 100) / 100,
        ...(reason === undefined ? {} : { reason }),
        ...auditOf(ctx),
      },
      'request',
    );
  };
}

/** The template that matched, from a fixed table: bounded as a label. */
function routeOf(ctx: Context): string {
  const matched: unknown = ctx._matchedRoute;
  return typeof matched === 'string' ? matched : 'none';
}

function levelOf(ctx: Context, reason: string | undefined): 'debug' | 'info' | 'warn' {
  if (ctx.status >= 500) return 'warn';
  const mutation = ctx.method !== 'GET' && ctx.method !== 'HEAD';
  const quiet = reason === undefined && !(mutation && ctx.state.portal !== undefined);
  return quiet ? 'debug' : 'info';
}

/** Who acted on what: for every act of a portal, refused or not (S-LOG-10). */
function auditOf(ctx: Context): Record<string, string> {
  const { portal, clientId } = ctx.state;
  return {
    ...(typeof portal === 'string' ? { portal } : {}),
    ...(typeof clientId === 'string' ? { client_id: clientId } : {}),
  };
}
