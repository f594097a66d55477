/**
 * Whether a certificate is too weak to believe: what others can compute (short RSA keys, old curves, signatures
 * over MD5 or SHA-1), and RSA keys so long that verifying by them is an attack on us. About what OpenSSL's
 * security level 2 takes, which our own TLS connections go by, for the certificates that a proxy passes on.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
/** From 256 bits. */
const CURVES = /^(?:prime256v1|secp(?:256k|384r|521r)1|brainpoolP(?:256|320|384|512)[rt]1)$/;
const BROKEN_DIGEST = /md[245]|sha-?1(?!\d)/i;

export function hasSoundKey(certificate: X509Certificate): boolean {
  const publicKey = publicKeyOf(certificate);
  const { modulusLength = 0, namedCurve = '' } = publicKey?.asymmetricKeyDetails ?? {};
  switch (publicKey?.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS;
    case 'ec':
      return CURVES.test(namedCurve);
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return true;
    default:
      return false;
  }
}

/** Of what an authority says: how a certificate that is one is signed does not matter, it is believed as it is. */
export function hasSoundSignature({ raw, signatureAlgorithm = '' }: X509Certificate): boolean {
  // Its name says nothing of the digest, and its parameters may say nothing: that is SHA-1 (RFC 4055 section 3.1).
  if (/pss/i.test(signatureAlgorithm)) return SOUND_PSS.test(signatureAlgorithmIn(raw).toString('hex'));
  return !BROKEN_DIGEST.test(signatureAlgorithm);
}

/** AlgorithmIdentifier: id-RSASSA-PSS, and in its parameters a hashAlgorithm of SHA-2 or SHA-3 (2.16.840.1.101.3.4.2). */
const SOUND_PSS = /^30..06092a864886f70d01010a30..a0..30..060960864801650304020[1-9a]/;

/** What follows the signed part (RFC 5280 section 4.1). */
function signatureAlgorithmIn(der: Buffer): Buffer {
  const signed = der.subarray(partAt(der).headBytes);
  const { headBytes, bytes } = partAt(signed);
  return signed.subarray(headBytes + bytes);
}

/** Of DER. Never throws: OpenSSL reads other lengths too, and of those nothing is found. */
function partAt(der: Buffer): { readonly headBytes: number; readonly bytes: number } {
  const first = der[1] ?? 0;
  if (first < 0x80) return { headBytes: 2, bytes: first };
  const headBytes = 2 + (first & 0x7f);
  return { headBytes, bytes: der.subarray(2, headBytes).reduce((bytes, byte) => bytes * 256 + byte, 0) };
}

/** A certificate can be read whose key can not: a point that is on no curve, an algorithm that nobody knows. */
export function publicKeyOf(certificate: X509Certificate): KeyObject | undefined {
  try {
    return certificate.publicKey;
  } catch {
    return undefined;
  }
}
