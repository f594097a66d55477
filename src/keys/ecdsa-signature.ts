/**
 * ECDSA signatures from DER (what OpenSSL makes) to r‖s (what JOSE wants, RFC 7518 section 3.4). Asking
 * OpenSSL for r‖s (`dsaEncoding: 'ieee-p1363'`) costs about as much as the signature itself.
 */
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** `size` is that of one integer: 32 for P-256. Throws on anything that is not such a signature. */
export function derToJose(der: Uint8Array, size: number): Uint8Array {
  // For P-256 every length is below 128, so each is one byte (X.690 section 8.1.3.4).
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) throw new Error('not a DER signature');
  const jose = new Uint8Array(2 * size);
  const end = copyInteger(der, 2, jose, size);
  if (copyInteger(der, end, jose, 2 * size) !== der.length) throw new Error('not a DER signature');
  return jose;
}

/** Copies the integer at `at` so that it ends at `joseEnd`, left-padded; returns where the next one starts. */
function copyInteger(der: Uint8Array, at: number, jose: Uint8Array, joseEnd: number): number {
  const length = der[at + 1];
  if (der[at] !== INTEGER || length === undefined) throw new Error('not a DER signature');
  const end = at + 2 + length;
  let start = at + 2;
  // A leading zero keeps an integer positive whose top bit is set; it is no part of the value.
  if (der[start] === 0) start += 1;
  if (end - start > jose.length / 2) throw new Error('not a DER signature');
  jose.set(der.subarray(start, end), joseEnd - (end - start));
  return end;
}
