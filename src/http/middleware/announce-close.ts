/**
 * While the node is leaving, each answer says that its connection ends: a client that keeps connections
 * sends its next request elsewhere, and closing does not have to wait for it to go.
 */
import type { Middleware } from 'koa';

export function announceClose(isLeaving: () => boolean): Middleware {
  return async function announceCloseWhenLeaving(ctx, next) {
    await next();
    // After the request, so that one that was in flight when it began is told too.
    if (isLeaving()) ctx.set('Connection', 'close');
  };
}
