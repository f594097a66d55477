/**
 * The three applications, one for each listener: public (machine clients, gateways), management (portals)
 * and ops (probes, metrics). Each is a table of middleware in order and a router.
 */
import Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import { announceClose } from './middleware/announce-close.ts';
import { type ForwardedOptions, forwarded } from './middleware/forwarded.ts';
import { type KnowsHost, knownHost } from './middleware/known-host.ts';
import { type RequestLogOptions, requestLog } from './middleware/request-log.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { strictRequest } from './middleware/strict-request.ts';
import { refuseUnmatched } from './middleware/unmatched.ts';

/** Adds a listener's routes to its router. */
export type RegisterRoutes = (router: Router) => void;

export interface AppOptions extends RequestLogOptions {
  /** Whether this node is on its way out. */
  readonly isDraining: () => boolean;
  /** What is believed of proxies; without it, nothing. */
  readonly forwarded?: ForwardedOptions | undefined;
  /** The names that this listener answers to; without it, to any. */
  readonly knowsHost?: KnowsHost | undefined;
}

/** `register` adds the listener's routes. The order of what is around them is the same for all three. */
export function createApp(options: AppOptions, register: RegisterRoutes): Koa {
  const router = new Router();
  register(router);
  const app = new Koa({ proxy: false });
  const beforeRouting: readonly Middleware[] = [
    announceClose(options.isDraining),
    requestLog(options),
    securityHeaders(),
    strictRequest(),
    ...(options.forwarded === undefined ? [] : [forwarded(options.forwarded)]),
    ...(options.knowsHost === undefined ? [] : [knownHost(options.knowsHost)]),
    refuseUnmatched(),
  ];
  for (const middleware of beforeRouting) app.use(middleware);
  app.use(router.routes()).use(router.allowedMethods());
  // What Koa itself reports is a socket that went away; what we throw never gets this far.
  app.on('error', (error: unknown) => options.log.debug({ err: error }, 'connection error'));
  return app;
}
