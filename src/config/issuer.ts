/**
 * The issuer identifier (RFC 8414 section 2): a URL without query, fragment and user information, kept
 * exactly as given, because verifiers compare it as a string.
 *
 * Stricter than the RFC in one point: no slash at the end. Every URL we publish is the issuer plus a path,
 * and `https://a` next to `https://a/` is the most common reason why a gateway refuses every token.
 */
import { baseUrl } from './base-url.ts';
import { isLoopbackHost } from './loopback.ts';

export const issuer = baseUrl;

/** Development is an issuer that no other machine can reach; what is lenient there is refused elsewhere. */
export function isDevelopmentIssuer(issuerUrl: string): boolean {
  return isLoopbackHost(new URL(issuerUrl).hostname);
}
