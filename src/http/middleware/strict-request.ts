/**
 * Refuses what Node.js lets through and a proxy in front may read differently (L-29): a second Host header
 * or a second one of those that say who is calling and what is sent, of which Node.js takes the first; a
 * request target in absolute form that names another host than Host does.
 */
import type { Middleware } from 'koa';
import { Refusal } from '../../lib/refusal.ts';

const AT_MOST_ONCE = new Set(['host', 'authorization', 'x-api-key', 'content-type']);

export function strictRequest(): Middleware {
  return async function requireUnambiguous(ctx, next) {
    const seen = new Set<string>();
    for (let index = 0; index < ctx.req.rawHeaders.length; index += 2) {
      const name = ctx.req.rawHeaders[index]?.toLowerCase() ?? '';
      if (!AT_MOST_ONCE.has(name)) continue;
      if (seen.has(name)) throw new Refusal('request_malformed');
      seen.add(name);
    }
    const target = ctx.req.url ?? '/';
    if (!target.startsWith('/') && URL.parse(target)?.host !== ctx.req.headers.host) {
      throw new Refusal('request_malformed');
    }
    await next();
  };
}
