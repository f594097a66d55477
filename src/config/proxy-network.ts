/** A network whose machines are believed about others: never so wide that strangers are in it (S-TEN-07). */
import { z } from 'zod';
import { isNetwork } from '../lib/networks.ts';

const LEAST_BITS = { ipv4: 8, ipv6: 16 } as const;

export const proxyNetwork = z.string().refine((text) => isNetwork(text, LEAST_BITS), {
  error: `must be a network like 10.1.2.0/24 or 10.1.2.3/32, of at least /${LEAST_BITS.ipv4}, or /${LEAST_BITS.ipv6} of IPv6`,
});
