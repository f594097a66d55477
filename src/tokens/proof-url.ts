/**
 * `htu` of a DPoP proof, brought into one form (RFC 9449 section 4.3, RFC 3986 sections 6.2.2 and 6.2.3): without
 * query and fragment, host in lower case, no default port, no dot segments, nothing escaped that need not be.
 * What browsers would make a URL of and RFC 3986 would not (blanks, backslashes) is none; nor is one with a user.
 */

/** `undefined` for what is no URL of HTTP. */
export function proofUrl(text: unknown): string | undefined {
  if (typeof text !== 'string' || !HTTP_URL.test(text)) return undefined;
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  return url.origin + url.pathname.replace(/%[0-9a-f]{2}/gi, unescapedIfPlain);
}

const HTTP_URL = /^https?:\/\/[^\s\\/][^\s\\]*$/i;
/** RFC 3986 section 2.3. */
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

function unescapedIfPlain(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return UNRESERVED.test(character) ? character : escaped.toUpperCase();
}
