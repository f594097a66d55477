/** What counts as "this machine only": `localhost`, 127.0.0.0/8 and ::1. No other name is resolved or trusted. */
import { BlockList, isIP } from 'node:net';

const addresses = new BlockList();
addresses.addSubnet('127.0.0.0', 8, 'ipv4');
addresses.addAddress('::1', 'ipv6');

/** `host` as in a URL (IPv6 in brackets) or without brackets. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const version = isIP(name);
  if (version === 0) return name === 'localhost';
  return addresses.check(name, version === 4 ? 'ipv4' : 'ipv6');
}
