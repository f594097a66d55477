/**
 * A list of allowed host names, matched by whole labels: `*.example.com` is every name below `example.com`
 * and not `example.com` itself, and `attackerexample.com` is neither (S-DCR-33). `*` alone is any host.
 * Names are compared as they are written in lower case; nothing is resolved, least of all backwards.
 */
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const PATTERN = new RegExp(`^(?:\\*|(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*|\\[[0-9a-f:.]+\\])$`);

/** Whether `text` is `*`, a host name, `*.` and a host name, or an IP address (IPv6 in brackets). */
export function isHostPattern(text: string): boolean {
  return text.length <= 253 && PATTERN.test(text);
}

/** `host` in lower case, without port. */
export function matchesHost(host: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    if (pattern === '*' || pattern === host) return true;
    // The dot is part of what has to match, so that a label is matched whole; and something is before it.
    return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
  });
}
