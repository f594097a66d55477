/** Turns the router's silent 404 and 405 into refusals, so that they look like every other error. */
import type { Middleware } from 'koa';
import { Refusal } from '../../lib/refusal.ts';

export function refuseUnmatched(): Middleware {
  return async function refuseWhatNoRouteTook(ctx, next) {
    await next();
    if (ctx.body !== undefined && ctx.body !== null) return;
    if (ctx.status === 404) throw new Refusal('route_unknown');
    // 501 is the router's answer to a method that no route of ours knows.
    if (ctx.status === 405 || ctx.status === 501) {
      throw new Refusal('method_unsupported', { headers: { allow: ctx.response.get('Allow') } });
    }
  };
}
