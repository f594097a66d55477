/**
 * The registration access token of a client (RFC 7592 section 3): derived from the client's id under a key
 * of its own, so that nothing of it is stored, it is stable, and every answer can carry it again, which
 * portals that replace their record with each answer need. It ends with the client.
 */
import { timingSafeEqual } from 'node:crypto';
import type { ClientId } from '../clients/client-id.ts';
import { toBase62 } from '../lib/base62.ts';

export interface RegistrationTokens {
  of(client: ClientId): string;
  /** Constant time. */
  matches(client: ClientId, presented: string): boolean;
}

const PREFIX = 'dcrr_';

/** `mac`: HMAC-SHA-256 under the key of this purpose. */
export function registrationTokens(mac: (text: string) => Uint8Array): RegistrationTokens {
  const of = (client: ClientId) => PREFIX + toBase62(mac(client));
  return {
    of,
    matches: (client, presented) => timingSafeEqual(mac(of(client)), mac(presented)),
  };
}

export function looksLikeRegistrationToken(text: string): boolean {
  return text.startsWith(PREFIX);
}
