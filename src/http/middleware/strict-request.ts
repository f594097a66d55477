/**
 * Refuses what Node.js lets through and a proxy in front may read differently (L-29): two Host headers, a
 * request target in absolute form that names another host than Host does.
 */
import type { Middleware } from 'koa';
import { Refusal } from '../../lib/refusal.ts';

export function strictRequest(): Middleware {
  return async function requireOneHost(ctx, next) {
    const hosts = ctx.req.rawHeaders.filter(
      (name, index) => index % 2 === 0 && name.toLowerCase() === 'host',
    );
    if (hosts.length > 1) throw new Refusal('request_malformed');
    const target = ctx.req.url ?? '/';
    if (!target.startsWith('/') && URL.parse(target)?.host !== ctx.req.headers.host) {
      throw new Refusal('request_malformed');
    }
    await next();
  };
}
