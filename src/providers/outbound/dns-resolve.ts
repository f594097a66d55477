/**
 * Addresses of names that strangers choose: asked of the DNS servers by our own sockets, not by the system's
 * resolver. That one is called on the few threads that also read files and verify signatures, and a name server
 * that never answers would take all of them for as long as it likes. Bounded in time; remembers nothing.
 *
 * The hosts file and search domains are not looked at: such a name is written in full, and is in the DNS.
 */
import { type LookupAddress, Resolver } from 'node:dns';
import type { Resolve } from './guarded-agent.ts';

const TIMEOUT_MS = 1000;

/** `servers`: instead of the system's; `address:port`. */
export function dnsResolve(servers?: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  return function resolve(host, done) {
    // RFC 6761 section 6.3: loopback, whatever a server says.
    if (/(?:^|\.)localhost\.?$/i.test(host)) return done(null, [{ address: '127.0.0.1', family: 4 }]);
    const found: LookupAddress[] = [];
    let failure: NodeJS.ErrnoException | null = null;
    let open = 2;
    const answered = (family: 4 | 6) => (error: NodeJS.ErrnoException | null, addresses: string[]) => {
      if (error === null) found.push(...addresses.map((address) => ({ address, family })));
      else failure = error;
      open -= 1;
      if (open === 0) done(found.length > 0 ? null : failure, found);
    };
    resolver.resolve4(host, answered(4));
    resolver.resolve6(host, answered(6));
  };
}
