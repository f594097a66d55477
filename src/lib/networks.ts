/** Which addresses are in a list of networks. An IPv4 address that comes as IPv6 is the same address. */
import { BlockList, isIP } from 'node:net';

export type IsInNetworks = (address: string | undefined) => boolean;

/** `cidrs` as `isNetwork` takes them. */
export function networks(cidrs: readonly string[]): IsInNetworks {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits = ''] = cidr.split('/');
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  return (address = '') => isIP(address) !== 0 && list.check(address, familyOf(address));
}

/** CIDR: an address, and how many of its bits count. */
export function isNetwork(
  text: string,
  leastBits: { readonly ipv4: number; readonly ipv6: number },
): boolean {
  const [, address = '', bits] = /^([0-9a-f.:]+)\/([0-9]{1,3})$/i.exec(text) ?? [];
  if (isIP(address) === 0) return false;
  const [least, most] = isIP(address) === 4 ? [leastBits.ipv4, 32] : [leastBits.ipv6, 128];
  return Number(bits) >= least && Number(bits) <= most;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
