/**
 * An initial access token (RFC 7591 section 3): lets its bearer register a number of clients for a portal,
 * and nothing else. For those who should not hold the portal's API key.
 */
import { toBase62 } from '../lib/base62.ts';
import type { RandomBytes } from '../lib/random.ts';
import type { PortalName } from './portal-name.ts';

export interface InitialAccessToken {
  /** Base64url of HMAC-SHA-256 over the whole token, under the API keys' pepper. */
  readonly hash: string;
  readonly portal: PortalName;
  /** How many clients it may still register; at 0 a retry of what it registered is all it is good for. */
  readonly uses_left: number;
  /** Epoch seconds from which it is refused. */
  readonly expires_at: number;
}

const PREFIX = 'dcri_';

export function newInitialAccessToken(random: RandomBytes): string {
  return PREFIX + toBase62(random(32));
}

export function looksLikeInitialAccessToken(text: string): boolean {
  return text.startsWith(PREFIX);
}
