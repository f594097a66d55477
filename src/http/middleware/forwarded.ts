/**
 * What a proxy in front says of a request: believed of the peers that the operator lists, and of nobody else.
 * Who called is the last address in `X-Forwarded-For` that is not such a proxy's: what stands left of it came
 * from the caller (S-TEN-07). A request that came to the proxy without TLS is refused and not redirected: its
 * secret has been seen on the way, and whoever sends it must notice (S-TOK-23).
 */
import { isIP } from 'node:net';
import type { Middleware } from 'koa';
import type { IsInNetworks } from '../../lib/networks.ts';
import { Refusal } from '../../lib/refusal.ts';

export interface ForwardedOptions {
  readonly isTrustedProxy: IsInNetworks;
  /** Whether the issuer is `https:`. */
  readonly requireHttps: boolean;
}

/** Keys and metadata are no secret, and gateways inside fetch them as they can. */
const OPEN = '/.well-known/';

export function forwarded({ isTrustedProxy, requireHttps }: ForwardedOptions): Middleware {
  return async function believeProxy(ctx, next) {
    if (isTrustedProxy(ctx.req.socket.remoteAddress)) {
      ctx.request.ip = callerOf(ctx.get('x-forwarded-for'), isTrustedProxy) ?? ctx.request.ip;
      // Several proxies make a list of it: each hop must have been https.
      const hops = listed(ctx.get('x-forwarded-proto'));
      const insecure = hops.some((proto) => proto.toLowerCase() !== 'https');
      if (requireHttps && insecure && !ctx.path.startsWith(OPEN)) throw new Refusal('transport_insecure');
    }
    await next();
  };
}

function callerOf(header: string, isTrustedProxy: IsInNetworks): string | undefined {
  const caller = listed(header).findLast((address) => !isTrustedProxy(address));
  return caller !== undefined && isIP(caller) !== 0 ? caller : undefined;
}

function listed(header: string): readonly string[] {
  return header.split(',').flatMap((item) => item.trim() || []);
}
