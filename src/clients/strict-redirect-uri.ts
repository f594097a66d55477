/**
 * What a redirect URI must be where something redirects to it: an authorization code is sent there, so
 * whoever owns that place owns the sign-in (RFC 9700 section 2.1). It is compared as an exact string later
 * (section 4.1.3): a text that could be written in two ways is refused instead of being normalised.
 */
import { matchesHost } from '../lib/host-pattern.ts';

/** RFC 8252 section 7.3: a native app's own listener, on any port. Nothing leaves the machine, so `http:` will do. */
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** What is wrong with it, or `undefined`. `hosts`: those that may be redirected to (`lib/host-pattern.ts`). */
export function strictRedirectUriProblem(text: string, hosts: readonly string[]): string | undefined {
  for (const { wrong, message } of OF_THE_TEXT) if (wrong.test(text)) return message;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && !isLoopback(url))) {
    return 'must be an absolute https URI; http only for localhost, 127.0.0.1 and [::1]';
  }
  // Dot segments, a default port, capitals in the host, an address in octal: all of them end here.
  if (url.href !== text && url.href !== `${text}/`) {
    return 'must be written in its normal form: lower case scheme and host, no default port, no . or .. segments';
  }
  if (!matchesHost(url.hostname, hosts)) return "has a host that this portal's policy does not name";
  return undefined;
}

function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && LOOPBACK.has(hostname);
}

/** Before the URL is parsed: a parser mends what it reads, and the next one mends it otherwise. */
const OF_THE_TEXT: readonly { readonly wrong: RegExp; readonly message: string }[] = [
  {
    wrong: /[^\x21-\x7e]/,
    message: 'must be ASCII without blanks: write an international host name in its xn-- form',
  },
  {
    wrong: /\\|^[^?]*%(?:5c|2f)/i,
    message: 'must not contain a backslash, nor an encoded slash or backslash before its query',
  },
  { wrong: /\*/, message: 'must not contain a wildcard' },
  { wrong: /#/, message: 'must not have a fragment' },
  // No userinfo, however it is written: `https://good@evil`, `https://@evil`.
  { wrong: /^[^/]*\/\/[^/?]*@/, message: 'must not contain a user name or password' },
  { wrong: /^[^/]*\/\/[^/?]*\.(?::[0-9]*)?(?:[/?]|$)/, message: 'must not have a host that ends in a dot' },
];
