/**
 * Which addresses we connect to: public ones, and the networks that the operator listed for a provider.
 * Everything that the address registries reserve is refused: loopback, private, link-local with the clouds'
 * metadata services, carrier-grade NAT, unique local, multicast, and the forms that embed an IPv4 address
 * (mapped, NAT64, 6to4, Teredo), whatever they embed (S-SSRF-01).
 *
 * It is an allowlist: what the library calls anything but `unicast` is refused, a range it learns later too.
 */
import ipaddr from 'ipaddr.js';

export type IsAllowedAddress = (address: string) => boolean;

const LOOPBACK_NETWORKS = ['127.0.0.0/8', '::1/128'] as const;
/** Of no provider: a metadata service gives its machine's credentials to whoever asks from there. */
const NEVER = ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::/32'] as const;

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

export function addressGuard(options: {
  /** CIDR. */
  readonly networks: readonly string[];
  readonly loopback: boolean;
}): IsAllowedAddress {
  const allowed = [...options.networks, ...(options.loopback ? LOOPBACK_NETWORKS : [])].map(parseNetwork);
  const never = NEVER.map(parseNetwork);
  return function isAllowed(text) {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.parse(text);
    if (never.some((network) => contains(network, address))) return false;
    return address.range() === 'unicast' || allowed.some((network) => contains(network, address));
  };
}

/** Whether a text is a network that an operator may list: CIDR, and without the metadata services. */
export function isListableNetwork(text: string): boolean {
  if (!ipaddr.isValidCIDR(text)) return false;
  const network = parseNetwork(text);
  return !NEVER.map(parseNetwork).some((never) => contains(network, never[0]) || contains(never, network[0]));
}

function parseNetwork(text: string): Network {
  return ipaddr.parseCIDR(text);
}

function contains([network, bits]: Network, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return network.kind() === address.kind() && address.match([network, bits] as never);
}
