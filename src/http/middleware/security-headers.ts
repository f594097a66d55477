/** The headers that every answer carries (C-15). No CORS header is among them: no page calls this service. */
import type { Middleware } from 'koa';

export const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  // Routes that may be cached (JWKS, metadata) say so themselves.
  'Cache-Control': 'no-store',
} as const;

export function securityHeaders(): Middleware {
  return async function setSecurityHeaders(ctx, next) {
    ctx.set(SECURITY_HEADERS);
    await next();
  };
}
