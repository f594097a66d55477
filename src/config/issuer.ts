/**
 * The issuer identifier (RFC 8414 section 2): a URL without query, fragment and user information, kept
 * exactly as given, because verifiers compare it as a string.
 *
 * Stricter than the RFC in one point: no slash at the end. Every URL we publish is the issuer plus a path,
 * and `https://a` next to `https://a/` is the most common reason why a gateway refuses every token.
 */
import { z } from 'zod';
import { isLoopbackHost } from './loopback.ts';

/** `URL.parse` strips blanks and line breaks and turns `\` into `/`: refused before it is asked. */
const VISIBLE_URL = /^https?:\/\/[!-[\]-~]+$/;

export const issuer = z
  .string()
  .max(2048)
  .superRefine((text, context) => {
    const url = VISIBLE_URL.test(text) ? URL.parse(text) : null;
    if (url === null) {
      context.addIssue({
        code: 'custom',
        message: 'must be an absolute URL, for example https://auth.example.com',
      });
      return;
    }
    const parts: readonly (readonly [boolean, string])[] = [
      [url.username !== '' || url.password !== '', 'must not contain a user name or password'],
      [text.includes('?'), 'must not contain a query (RFC 8414 section 2)'],
      [text.includes('#'), 'must not contain a fragment (RFC 8414 section 2)'],
      [text.endsWith('/'), 'must not end with a slash'],
    ];
    for (const [wrong, message] of parts) if (wrong) context.addIssue({ code: 'custom', message });
  });

/** Development is an issuer that no other machine can reach; what is lenient there is refused elsewhere. */
export function isDevelopmentIssuer(issuerUrl: string): boolean {
  return isLoopbackHost(new URL(issuerUrl).hostname);
}
