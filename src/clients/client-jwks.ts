/**
 * The public keys by which a client authenticates (RFC 7517, RFC 7591 section 2): RSA from 2048 bits, P-256,
 * P-384, P-521 and Ed25519, for signatures. A private or a symmetric key is refused, never kept: whoever
 * reads the record must not be able to sign.
 */
import { createPublicKey, type JsonWebKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { printableText } from '../lib/text.ts';

/** Asymmetric only (S-PKJ-11). `EdDSA` and `Ed25519` are two names of one thing (RFC 9864 section 2.2). */
export const CLIENT_SIGNING_ALGS = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;
export type ClientSigningAlg = (typeof CLIENT_SIGNING_ALGS)[number];

export const clientSigningAlg = z.enum(CLIENT_SIGNING_ALGS, {
  error: `must be one of ${CLIENT_SIGNING_ALGS.join(', ')}`,
});

const MAX_KEYS = 10;
/** 8192 bits: what is longer costs us more to verify than it gives the client. */
const MAX_VALUE_CHARACTERS = 1366;
/** Up to 32 bits: a huge public exponent makes every verification as slow as a signature. */
const MAX_EXPONENT_CHARACTERS = 6;
const MIN_RSA_BITS = 2048;

const value = (maxCharacters: number) =>
  z
    .string()
    .max(maxCharacters)
    .regex(/^[A-Za-z0-9_-]+$/, { error: 'must be base64url' });
const secret = z.never({ error: 'must not be sent: it makes the key a private one' }).optional();

/** Of RFC 7517 section 4.7: base64, not base64url. */
const certificate = z
  .string()
  .max(4096)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/, { error: 'must be a certificate, DER in base64' });

const common = {
  kid: printableText(255).optional(),
  use: z.literal('sig', { error: 'must be sig' }).optional(),
  alg: clientSigningAlg.optional(),
  x5c: z.array(certificate).min(1).max(3).optional(),
  d: secret,
  k: secret,
};

const typedJwk = z.discriminatedUnion(
  'kty',
  [
    z.object({
      kty: z.literal('EC'),
      crv: z.enum(['P-256', 'P-384', 'P-521'], { error: 'must be P-256, P-384 or P-521' }),
      x: value(MAX_VALUE_CHARACTERS),
      y: value(MAX_VALUE_CHARACTERS),
      ...common,
    }),
    z.object({
      kty: z.literal('OKP'),
      crv: z.literal('Ed25519', { error: 'must be Ed25519' }),
      x: value(MAX_VALUE_CHARACTERS),
      ...common,
    }),
    z.object({
      kty: z.literal('RSA'),
      n: value(MAX_VALUE_CHARACTERS),
      e: value(MAX_EXPONENT_CHARACTERS),
      ...common,
      p: secret,
      q: secret,
      dp: secret,
      dq: secret,
      qi: secret,
      oth: secret,
    }),
  ],
  { error: 'must be EC, OKP or RSA' },
);

export type ClientJwk = z.output<typeof typedJwk>;

/** Members that we do not know are dropped (RFC 7517 section 4). */
const clientJwk = typedJwk
  .refine(isKey, { error: `must be a valid public key; RSA has at least ${MIN_RSA_BITS} bits` })
  .refine(isKeyOfCertificate, { path: ['x5c'], error: 'must begin with a certificate of this key' })
  .refine((jwk) => jwk.alg === undefined || algsOf(jwk).includes(jwk.alg), {
    path: ['alg'],
    error: 'is not an algorithm of this key',
  });

const exactJwks = z
  .object({ keys: z.array(clientJwk).min(1).max(MAX_KEYS) })
  .refine(({ keys }) => areDistinct(keys.flatMap(({ kid }) => kid ?? [])), {
    path: ['keys'],
    error: 'must not have the same kid twice',
  });

/** In the API description a key is what RFC 7517 says; what we take of that is told by problems. */
export const clientJwks = z
  .object({
    keys: z
      .array(z.looseObject({ kty: z.string().describe('EC, OKP or RSA.') }))
      .describe('Public keys for signatures (RFC 7517): RSA from 2048 bits, P-256, P-384, P-521, Ed25519.'),
  })
  .pipe(exactJwks);

/** A set has keys for other purposes too; what is longer than this is no set of a client's. */
const MAX_FETCHED_KEYS = 50;
const fetchedJwks = z.object({
  keys: z.array(z.record(z.string(), z.unknown())).max(MAX_FETCHED_KEYS),
});
/** Of any type of key (RFC 7518 section 6, RFC 9964): who has put one where others read it has given the key away. */
const SECRET_MEMBERS = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'] as const;

export function hasSecretMember(jwk: object): boolean {
  return SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member));
}

/**
 * The keys that we take of a set that was fetched. Others in it are for somebody else, and passed over; but a
 * private or symmetric key is one that everybody can read, and then nothing of the set is believed.
 */
export function usableKeys(
  document: unknown,
): readonly ClientJwk[] | 'NO_KEY_SET' | 'SECRET_KEY' | 'NO_USABLE_KEY' | 'TOO_MANY_KEYS' {
  const { data } = fetchedJwks.safeParse(document);
  if (data === undefined) return 'NO_KEY_SET';
  if (data.keys.some(hasSecretMember)) return 'SECRET_KEY';
  const usable = data.keys.flatMap((key) => clientJwk.safeParse(key).data ?? []);
  if (usable.length > MAX_KEYS) return 'TOO_MANY_KEYS';
  return usable.length === 0 ? 'NO_USABLE_KEY' : usable;
}

/** What a key can sign with. */
export function algsOf(jwk: ClientJwk): readonly ClientSigningAlg[] {
  switch (jwk.kty) {
    case 'RSA':
      return ['RS256', 'PS256'];
    case 'OKP':
      return ['EdDSA', 'Ed25519'];
    case 'EC':
      return jwk.crv === 'P-256' ? ['ES256'] : jwk.crv === 'P-384' ? ['ES384'] : ['ES512'];
  }
}

/** Not on its curve, or too short: OpenSSL and the standards agree on what no key is. */
function isKey(jwk: ClientJwk): boolean {
  try {
    const key = createPublicKey({ key: jwk as object as JsonWebKey, format: 'jwk' });
    return jwk.kty !== 'RSA' || (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}

function isKeyOfCertificate(jwk: ClientJwk): boolean {
  const [first] = jwk.x5c ?? [];
  if (first === undefined) return true;
  try {
    const key = createPublicKey({ key: jwk as object as JsonWebKey, format: 'jwk' });
    return new X509Certificate(Buffer.from(first, 'base64')).publicKey.equals(key);
  } catch {
    return false;
  }
}

function areDistinct(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
