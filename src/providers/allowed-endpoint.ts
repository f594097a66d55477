/**
 * Which URLs of a provider we call: `https:` (or what development allows) on the issuer's own host, or on
 * one that the operator listed. A discovery document or a registration's answer can name any place; a
 * credential is not sent where only they say so (S-SSRF-07, S-UP-12).
 */
export interface EndpointRules {
  readonly issuer: string;
  /** `host` or `host:port`. */
  readonly allowedHosts: readonly string[];
  /** Loopback over `http:`. */
  readonly allowInsecureLoopback: boolean;
}

const MAX_CHARACTERS = 2048;

/** The URL when it may be called; it has no credentials in it and no fragment. */
export function allowedEndpoint(text: unknown, rules: EndpointRules): URL | undefined {
  const url = typeof text === 'string' && text.length <= MAX_CHARACTERS ? URL.parse(text) : null;
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return undefined;
  const secure = url.protocol === 'https:' || (rules.allowInsecureLoopback && url.protocol === 'http:');
  const issuer = new URL(rules.issuer);
  // The issuer's own scheme and port belong to its host; a listed host is one of https.
  const own = url.origin === issuer.origin;
  const listed = rules.allowedHosts.some((host) => url.host === new URL(`${url.protocol}//${host}`).host);
  return secure && (own || listed) ? url : undefined;
}
