/**
 * Refuses a request that was sent to a name that is not ours (S-DCR-32), before anything of it is read.
 *
 * What lies under `/.well-known/` is left open: keys and metadata are public, are the same for every caller
 * and take nothing from the request, and gateways inside fetch them by whatever name the network gives us
 * (a container's, a balancer's; some probes send no Host at all). Refusing those would stop honest gateways
 * and protect nothing.
 */
import type { Middleware } from 'koa';
import { Refusal } from '../../lib/refusal.ts';

/** `host` in lower case, without port; `localAddress` is where the connection came in. */
export type KnowsHost = (host: string, localAddress: string | undefined) => boolean;

const HOST = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/;
const OPEN = '/.well-known/';

export function knownHost(knows: KnowsHost): Middleware {
  return async function requireKnownHost(ctx, next) {
    const known = isSentToUs(knows, ctx.get('host'), ctx.socket.localAddress);
    if (!known && !ctx.path.startsWith(OPEN)) throw new Refusal('host_unknown');
    await next();
  };
}

/** `header` is the `Host` header as it came. */
export function isSentToUs(knows: KnowsHost, header: string, localAddress: string | undefined): boolean {
  const [, host] = HOST.exec(header.toLowerCase()) ?? [];
  return host !== undefined && knows(host, localAddress);
}
