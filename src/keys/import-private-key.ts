/**
 * A private key that an operator brings: PEM (PKCS #8, also encrypted) or a private JWK. What the signing
 * algorithm could not use, or what is too weak, is refused. The text never gets into a message.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { publicJwk, publicJwkOf } from './public-jwk.ts';
import { algsOf, type SigningAlg, signingAlg } from './signing-alg.ts';

/** RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2048;

export type Imported =
  | { readonly privateKey: KeyObject; readonly alg: SigningAlg }
  /** Completes "the file …". */
  | { readonly refused: string };

/** `wanted`: needed where a key fits several algorithms and does not say which. */
export function importPrivateKey(
  text: string,
  wanted: SigningAlg | undefined,
  passphrase: string | undefined,
): Imported {
  const parsed = parse(text, passphrase);
  if (parsed === undefined) {
    return {
      refused:
        'holds no private key: PEM (PKCS #8) or a private JWK is expected; an encrypted one needs its passphrase',
    };
  }
  const { privateKey, alg: stated } = parsed;
  const { success, data: jwk } = publicJwk.safeParse(exportable(privateKey));
  if (!success)
    return { refused: `holds a key of a type that does not sign here; use ${signingAlg.options.join(', ')}` };
  if ((privateKey.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS) < MIN_RSA_BITS) {
    return { refused: `holds an RSA key of less than ${MIN_RSA_BITS} bits` };
  }
  const fitting = algsOf(jwk);
  const [only, ...others] = fitting.filter((alg) => (wanted ?? stated ?? alg) === alg);
  if (only === undefined) return { refused: `holds a key for ${fitting.join(' or ')}` };
  if (others.length > 0) return { refused: `holds a key for ${fitting.join(' or ')}: say which` };
  return { privateKey, alg: only };
}

function parse(text: string, passphrase: string | undefined) {
  try {
    if (!text.trimStart().startsWith('{')) return { privateKey: createPrivateKey({ key: text, passphrase }) };
    const key = JSON.parse(text);
    return { privateKey: createPrivateKey({ key, format: 'jwk' }), alg: key.alg as unknown };
  } catch {
    return undefined;
  }
}

function exportable(privateKey: KeyObject): unknown {
  try {
    return publicJwkOf(privateKey);
  } catch {
    return undefined;
  }
}
