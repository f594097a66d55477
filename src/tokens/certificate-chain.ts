/**
 * Whether a certificate comes from one of our authorities, for a certificate that a proxy passes on. The proxy
 * has looked at it already (RFC 9440 section 2), so this is the second lock: signatures, strength, times, and that
 * only an authority issues and only for clients. Limits that an authority is given (path length, names) are the
 * proxy's to check. On our own TLS connections OpenSSL decides.
 */
import type { X509Certificate } from 'node:crypto';
import { hasSoundKey, hasSoundSignature } from './certificate-strength.ts';

const MAX_DEPTH = 5;
/** Extended key usage: client authentication, and any. */
const CLIENT_USAGES = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

export function isIssuedBy(
  leaf: X509Certificate,
  further: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  now: Date,
): boolean {
  let current = leaf;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    // First of all its key: with one that is too long, verifying by it below would be the attack.
    if (!hasSoundKey(current) || !hasSoundSignature(current)) return false;
    if (!isInForce(current, now) || !isForClients(current)) return false;
    const issued = (issuer: X509Certificate) => issues(issuer, current);
    if (authorities.some((authority) => issued(authority) && isInForce(authority, now))) return true;
    const next = further.slice(0, MAX_DEPTH).find((each) => hasSoundKey(each) && issued(each));
    if (next === undefined) return false;
    current = next;
  }
  return false;
}

export function isInForce({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate;
}

/** An authority, too, may be one for servers only. */
function isForClients(certificate: X509Certificate): boolean {
  // Undefined when the certificate does not restrict it.
  const usages: readonly string[] | undefined = certificate.keyUsage;
  return usages === undefined || usages.some((usage) => CLIENT_USAGES.includes(usage));
}

function issues(issuer: X509Certificate, issued: X509Certificate): boolean {
  return issuer.ca && issued.checkIssued(issuer) && issued.verify(issuer.publicKey);
}
