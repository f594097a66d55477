/**
 * Whether a certificate is a client's: issued to the name that it registered (`tls_client_auth`), or holding a
 * key that it registered or has fetched (`self_signed_tls_client_auth`), RFC 8705 sections 2.1 and 2.2.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import { hasSubject, subjectOf } from '../clients/certificate-subject.ts';
import type { ClientJwk } from '../clients/client-jwks.ts';
import type { TokenClient } from '../clients/token-client.ts';
import { onceEach } from '../lib/once-each.ts';
import { isInForce } from './certificate-chain.ts';
import { publicKeyOf } from './certificate-strength.ts';
import type { ClientKeys, PickKeys } from './client-keys.ts';

export interface PresentedCertificate {
  readonly certificate: X509Certificate;
  /** Issued by an authority that the operator names for clients. */
  readonly isTrusted: boolean;
}

export async function isCertificateOf(
  client: Pick<TokenClient, 'portal' | 'metadata'> | undefined,
  { certificate, isTrusted }: PresentedCertificate,
  now: Date,
  keys: ClientKeys,
): Promise<boolean> {
  // Taken from it whoever the client is, so that a known one takes no longer than an unknown one (S-TOK-11).
  const jwk = jwkOf(certificate);
  const ofCertificate: PickKeys = (all) => all.filter((key) => isOfKey(certificate, jwk, key));
  subjectOf(certificate);
  if (client === undefined || !isInForce(certificate, now)) return false;
  const { metadata } = client;
  switch (metadata.token_endpoint_auth_method) {
    case 'tls_client_auth':
      return isTrusted && hasSubject(certificate, metadata);
    case 'self_signed_tls_client_auth':
      return (await keys.keysOf(client, ofCertificate)).length > 0;
    default:
      return false;
  }
}

/** `cnf.x5t#S256` of a token that is bound to it (RFC 8705 section 3.1). */
export function thumbprintOf({ certificate }: PresentedCertificate): string {
  return createHash('sha256').update(certificate.raw).digest('base64url');
}

/** A certificate that was registered (`x5c`) is meant itself; else every one with the key. */
function isOfKey(certificate: X509Certificate, jwk: PublicMembers, key: ClientJwk): boolean {
  const [registered] = key.x5c ?? [];
  if (registered !== undefined) return certificate.raw.equals(Buffer.from(registered, 'base64'));
  const wanted: PublicMembers = { ...key };
  return MEMBERS.every((member) => jwk[member] === wanted[member]);
}

type PublicMembers = Readonly<Record<string, unknown>>;
const MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e'];

/** Without members for a key that JOSE has no writing for. */
const jwkOf = onceEach((certificate: X509Certificate): PublicMembers => {
  try {
    return { ...publicKeyOf(certificate)?.export({ format: 'jwk' }) };
  } catch {
    return {};
  }
});
