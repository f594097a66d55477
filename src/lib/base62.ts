/**
 * Random identifiers from letters and digits only: clients that do not form-encode Basic credentials and
 * clients that do then send the same bytes (RFC 6749 section 2.3.1), and Konnect's key pattern accepts them.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BITS_PER_CHARACTER = Math.log2(ALPHABET.length);

/** How many characters hold `bytes` random bytes without losing a bit: 16 → 22, 32 → 43. */
export function base62Length(bytes: number): number {
  return Math.ceil((bytes * 8) / BITS_PER_CHARACTER);
}

/** Encodes `bytes` big-endian, always to `base62Length(bytes.length)` characters. */
export function toBase62(bytes: Uint8Array): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (let left = base62Length(bytes.length); left > 0; left -= 1) {
    text = ALPHABET[Number(rest % 62n)] + text;
    rest /= 62n;
  }
  return text;
}
