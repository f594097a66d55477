/**
 * The host names that this service answers to with something to lose: those of its own URLs, those that the
 * operator adds, and this machine's own. A name that somebody else points at us is none of them: what a page
 * of theirs sends here by it is refused (DNS rebinding), and so is a forged one (S-DCR-32, L-02, L-03).
 * Ports are not compared: a port mapping changes them, and they say nothing of who is meant.
 */
import { isLoopbackHost } from '../config/loopback.ts';
import { managementUrl } from '../config/management-url.ts';
import type { Config } from '../config/schema.ts';
import type { KnowsHost } from '../http/middleware/known-host.ts';
import { matchesHost } from '../lib/host-pattern.ts';

export function knownHosts(config: Config): KnowsHost {
  const urls = [config.issuer, managementUrl(config)];
  const patterns = [...urls.map((url) => new URL(url).hostname), ...config.allowed_hosts];
  return (host, localAddress) =>
    matchesHost(host, patterns) || isLoopbackHost(host) || host === asHost(localAddress);
}

/** The address that the connection came in on, as a Host header writes it. */
function asHost(address: string | undefined): string | undefined {
  const plain = address?.replace(/^::ffff:(?=[0-9.]+$)/, '');
  return plain?.includes(':') ? `[${plain}]` : plain;
}
