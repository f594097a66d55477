/**
 * Where the keys of a client are fetched from (`jwks_uri`, RFC 7591 section 2): what such a URI looks like, and
 * which ones the clients of a portal may have. Asked when it is registered, and again before it is fetched, so
 * that a host that the operator takes away is not called for the clients that have it already.
 *
 * Nothing is resolved and nothing is called here: a registration must not be a way to look into a network
 * (S-SSRF-09), and a name may lead elsewhere when it is used (S-SSRF-02). The guard of the way out sees to that.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { matchesHost } from '../lib/host-pattern.ts';
import { isPrintable } from '../lib/text.ts';

export interface JwksUriRules {
  /** Hosts of this portal's policy (`lib/host-pattern.ts`). None: its clients send their keys themselves. */
  readonly hosts: readonly string[];
  /** Loopback, and `http:` to it. Development only. */
  readonly allowLoopback: boolean;
  readonly isAllowedAddress: (address: string) => boolean;
}

const MAX_CHARACTERS = 2048;
/** No userinfo, however it is written; no fragment; no backslash, which parsers take for different things. */
const FORM = /^https?:\/\/[^\s/?#\\@]+(?:[/?][^\s#\\]*)?$/i;

export const jwksUri = z
  .string()
  .max(MAX_CHARACTERS, { abort: true })
  .refine((text) => FORM.test(text) && isPrintable(text) && URL.canParse(text), {
    error: 'must be an https URL without user name, password and fragment',
  });

/** What is wrong with it, or `undefined`. `text` has the form above. */
export function jwksUriProblem(
  text: string,
  { hosts, allowLoopback, isAllowedAddress }: JwksUriRules,
): string | undefined {
  if (hosts.length === 0) {
    return "is not fetched for this portal's clients: send the keys as jwks, or ask the operator for jwks_uri_hosts";
  }
  const { protocol, hostname } = new URL(text);
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  const isLoopbackName = /(?:^|\.)localhost\.?$/.test(hostname);
  // URL parsing has brought every other spelling of an address into one of these two forms (S-SSRF-01).
  const isPrivate = isIP(address) === 0 ? isLoopbackName && !allowLoopback : !isAllowedAddress(address);
  if (isPrivate) return 'must not lead into a private network';
  const isLoopback = isLoopbackName || LOOPBACK_ADDRESS.test(address);
  if (protocol !== 'https:' && !(allowLoopback && isLoopback)) return 'must be an https URL';
  if (!matchesHost(hostname, hosts))
    return "has a host that this portal's policy does not name (jwks_uri_hosts)";
  return undefined;
}

const LOOPBACK_ADDRESS = /^(?:127\.[0-9.]+|::1)$/;
