/**
 * The tokens that no verifier may let in, each made from a genuine one: altered ones, ones under a key that
 * is not ours, ones without a real signature, and ones that are ours and not for this API or not any more.
 */
import {
  byStranger,
  der,
  flipped,
  type Genuine,
  reminted,
  secondsFromNow,
  strangersJwk,
  unsigned,
  withClaims,
  withHeader,
  withHs256,
  withSignature,
} from './forge.ts';
import { parts } from './jws.ts';

type Forgery = (genuine: Genuine) => string | Promise<string>;

export const FORGERIES: readonly (readonly [string, Forgery])[] = [
  ['with a claim changed', ({ token }) => withClaims(token, { scope: 'read write admin' })],
  ['with its end put off', ({ token }) => withClaims(token, { exp: secondsFromNow(3600) })],
  ['with one bit of the signature flipped', ({ token }) => withSignature(token, flipped)],
  ['with the signature cut short', ({ token }) => withSignature(token, (bytes) => bytes.subarray(0, -1))],
  ['with no signature', ({ token }) => withSignature(token, () => Buffer.alloc(0))],
  ['with a signature of zeros', ({ token }) => withSignature(token, ({ length }) => Buffer.alloc(length))],
  [
    'with the signature of another token',
    ({ token, forOtherApi }) => withSignature(token, () => parts(forOtherApi).signature),
  ],
  ['cut off before the signature', ({ token }) => token.slice(0, token.lastIndexOf('.'))],
  ['that is no JWT', () => 'not-a-token'],

  ['of a foreign key under our kid', (genuine) => byStranger(genuine, {})],
  ['of a foreign key under a kid of its own', (genuine) => byStranger(genuine, { kid: 'a-kid-of-its-own' })],
  ['of a foreign key without a kid', (genuine) => byStranger(genuine, { kid: undefined })],
  [
    'of a foreign key that it brings along',
    async (genuine) => byStranger(genuine, { jwk: await strangersJwk(genuine) }),
  ],
  [
    'of a foreign key that it names by URL',
    (genuine) => byStranger(genuine, { jku: `${genuine.strangersUrl}/jwks.json` }),
  ],
  [
    'under the kid of our other key',
    ({ token, forOtherApi }) => withHeader(token, { kid: parts(forOtherApi).header.kid }),
  ],

  ['with alg none', ({ token }) => unsigned(token, 'none')],
  ['with alg None', ({ token }) => unsigned(token, 'None')],
  ['with alg none and the signature kept', ({ token }) => withHeader(token, { alg: 'none' })],
  ['with HS256 under the public key', ({ token, pem }) => withHs256(token, Buffer.from(pem))],
  ['with HS256 under the public key, trimmed', ({ token, pem }) => withHs256(token, Buffer.from(pem.trim()))],
  ['with HS256 under the public key in DER', ({ token, pem }) => withHs256(token, der(pem))],
  ['with HS256 under an empty key', ({ token }) => withHs256(token, Buffer.alloc(0))],

  ['for the other API', ({ forOtherApi }) => forOtherApi],
  [
    'for the other API under the key of this one',
    (genuine) => reminted(genuine, { aud: parts(genuine.forOtherApi).claims.aud }),
  ],
  ['for nobody', (genuine) => reminted(genuine, { aud: undefined })],
  ['of another issuer', (genuine) => reminted(genuine, { iss: 'https://stranger.example' })],
  ['of no issuer', (genuine) => reminted(genuine, { iss: undefined })],
  ['that has ended', (genuine) => reminted(genuine, { iat: secondsFromNow(-601), exp: secondsFromNow(-1) })],
  ['that never ends', (genuine) => reminted(genuine, { exp: undefined })],
];
