/**
 * Connections to one provider: a pool that resolves a name itself, judges every address, and connects to
 * what it judged and to nothing else. There is no second resolution that could answer differently (DNS
 * rebinding, S-SSRF-02). One address that is not allowed condemns the name: an honest one mixes none in.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { IsAllowedAddress } from './address-guard.ts';

/** All addresses of a host name, as `dns.lookup` with `all`. */
export type Resolve = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export interface TlsFiles {
  /** PEM. Instead of the system's certificate authorities. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface AgentOptions {
  readonly isAllowed: IsAllowedAddress;
  readonly maxSockets: number;
  readonly tls: TlsFiles;
  readonly resolve?: Resolve | undefined;
}

export const REFUSED_ADDRESS = 'ADDRESS_REFUSED';

/** Shorter than what servers commonly keep a connection open for: one that they close meanwhile fails a call. */
const IDLE_MS = 4_000;

export function guardedAgents({ isAllowed, maxSockets, tls, resolve = resolveAll }: AgentOptions) {
  const shared = {
    keepAlive: true,
    maxSockets,
    maxFreeSockets: maxSockets,
    timeout: IDLE_MS,
    lookup: guardedLookup(isAllowed, resolve),
  };
  return {
    http: new HttpAgent(shared),
    https: new HttpsAgent({ ...shared, ...tls, minVersion: 'TLSv1.2' }),
  };
}

export function refusedAddress(): Error {
  return Object.assign(new Error('the address is not allowed'), { code: REFUSED_ADDRESS });
}

function guardedLookup(isAllowed: IsAllowedAddress, resolve: Resolve): LookupFunction {
  return (host, options, done) => {
    resolve(host, (error, addresses) => {
      if (error) return done(error, '', 0);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isAllowed(address)))
        return done(refusedAddress(), '', 0);
      if (options.all === true) return done(null, [...addresses]);
      done(null, first.address, first.family);
    });
  };
}

function resolveAll(host: string, done: Parameters<Resolve>[1]): void {
  systemLookup(host, { all: true }, done);
}
