/**
 * Where a listener binds: `host:port`, an IPv6 address in brackets. The host is always said: a bare
 * `:3000` would bind every interface, which nobody should get by leaving something out (C-13).
 */
import { z } from 'zod';
import { addressText } from '../lib/address-text.ts';

export interface ListenAddress {
  /** Host name or IP address, without brackets. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

const PATTERN = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/;
const WILDCARDS = ['0.0.0.0', '::'];

export const listenAddress = z.string().transform((text, context): ListenAddress => {
  const [, address, name, digits] = PATTERN.exec(text) ?? [];
  const host = address ?? name;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host, port };
  context.addIssue({
    code: 'custom',
    message: 'must be host:port, for example 127.0.0.1:3000 or [::1]:3000',
  });
  return z.NEVER;
});

export function formatListenAddress({ host, port }: ListenAddress): string {
  return addressText(host, port);
}

/** The same port on this machine, where every interface was meant: an address that can be called. */
export function withoutWildcard({ host, port }: ListenAddress): ListenAddress {
  if (!WILDCARDS.includes(host)) return { host, port };
  return { host: host === '::' ? '::1' : '127.0.0.1', port };
}

/** Whether both can't be bound at once: same port, and the same host or one that means all of them. */
export function overlaps(one: ListenAddress, other: ListenAddress): boolean {
  if (one.port === 0 || one.port !== other.port) return false;
  return one.host === other.host || WILDCARDS.includes(one.host) || WILDCARDS.includes(other.host);
}
