/**
 * Establishes which portal is calling, before anything of the body is read. The key may come as
 * `X-API-KEY`, as a Bearer token or as the password of Basic; never in a URL or a body (S-MGT-01). Two
 * different keys in one request are refused: it is not ours to choose whom to believe.
 */
import type { Context, Middleware } from 'koa';
import { Refusal } from '../../lib/refusal.ts';
import type { PortalName } from '../../portals/portal-name.ts';

/** Throws `Refusal` (`key_missing`, `key_unknown`, `portal_disabled`) or `StoreUnavailable`. */
export type AuthenticatePortal = (key: string | undefined) => Promise<PortalName>;

export function portalKey(authenticate: AuthenticatePortal): Middleware {
  return async function authenticatePortalKey(ctx, next) {
    const keys = new Set([ctx.get('x-api-key'), keyOfAuthorization(ctx)].filter(Boolean));
    if (keys.size > 1) throw new Refusal('request_malformed');
    const [key] = keys;
    ctx.state.portal = await authenticate(key);
    await next();
  };
}

function keyOfAuthorization(ctx: Context): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +(\S+)$/i.exec(ctx.get('authorization')) ?? [];
  if (value === undefined) return undefined;
  if (scheme?.toLowerCase() === 'bearer') return value;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}
