/**
 * The algorithms that we sign with: how each makes a key and how it signs. Asymmetric ones only: `none`
 * and HS256 are not in the table, so no configuration can name them (S-JWT-07).
 */
import { constants, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { poolJobs } from '../lib/thread-pool.ts';
import { derToJose } from './ecdsa-signature.ts';
import type { PublicJwk } from './public-jwk.ts';

const NAMES = ['RS256', 'PS256', 'ES256', 'EdDSA', 'ML-DSA-44', 'ML-DSA-65'] as const;

/** For the configuration: parses an algorithm's name, refuses every other. */
export const signingAlg = z.enum(NAMES);
/**
 * A `alg` of JOSE (RFC 7518 section 3.1; ML-DSA: RFC 9964). Ed25519 is `EdDSA`: verifiers reject a JWKS that
 * says `Ed25519`.
 */
export type SigningAlg = z.infer<typeof signingAlg>;

/** Every ring has a key for these, so that a resource can change to one of them without a new key. */
export const FIRST_ALGS: readonly SigningAlg[] = ['RS256', 'ES256'];

/** The signature in JOSE form over `data`. */
export type Sign = (data: Uint8Array) => Uint8Array | Promise<Uint8Array>;

interface Algorithm {
  /** A signature in JOSE form. */
  readonly signatureBytes: number;
  /** In the thread pool: an RSA key takes tens to hundreds of milliseconds. */
  readonly generate: () => Promise<KeyObject>;
  /** Prepared once per key, so that a token costs one signature and no key parsing. */
  readonly signer: (privateKey: KeyObject) => Sign;
}

const generatePair = promisify(generateKeyPair);
const rsa = () => generatePair('rsa', { modulusLength: 2048, publicExponent: 0x10001 });

const algorithms: Readonly<Record<SigningAlg, Algorithm>> = {
  RS256: {
    signatureBytes: 256,
    generate: async () => (await rsa()).privateKey,
    signer: (key) => (data) => signInPool('sha256', data, key),
  },
  PS256: {
    signatureBytes: 256,
    generate: async () => (await rsa()).privateKey,
    signer: (key) => {
      // The salt is as long as the hash (RFC 7518 section 3.5).
      const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
      return (data) => signInPool('sha256', data, options);
    },
  },
  ES256: {
    signatureBytes: 64,
    generate: async () => (await generatePair('ec', { namedCurve: 'P-256' })).privateKey,
    signer: (key) => (data) => derToJose(sign('sha256', data, key), 32),
  },
  EdDSA: {
    signatureBytes: 64,
    generate: async () => (await generatePair('ed25519')).privateKey,
    signer: (key) => (data) => sign(null, data, key),
  },
  'ML-DSA-44': {
    signatureBytes: 2420,
    generate: async () => (await generatePair('ml-dsa-44')).privateKey,
    signer: (key) => (data) => signInPool(null, data, key),
  },
  'ML-DSA-65': {
    signatureBytes: 3309,
    generate: async () => (await generatePair('ml-dsa-65')).privateKey,
    signer: (key) => (data) => signInPool(null, data, key),
  },
};

/** The private key; its public half can be derived from it. */
export function generatePrivateKey(alg: SigningAlg): Promise<KeyObject> {
  return algorithms[alg].generate();
}

export function signatureBytes(alg: SigningAlg): number {
  return algorithms[alg].signatureBytes;
}

export function signerOf(alg: SigningAlg, privateKey: KeyObject): Sign {
  return algorithms[alg].signer(privateKey);
}

/**
 * An RSA signature takes ten times an elliptic one (250 µs against 20 µs; ML-DSA 500 to 800 µs): it is made
 * in the thread pool, for some 15 µs more, so that the event loop goes on answering. An elliptic one would
 * lose by the hop.
 */
function signInPool(
  hash: string | null,
  data: Uint8Array,
  key: Parameters<typeof sign>[2],
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    poolJobs.begins();
    sign(hash, data, key, (error, signature) => {
      poolJobs.ends();
      if (error) reject(error);
      else resolve(signature);
    });
  });
}

/** The algorithms that a key of this type can sign with. */
export function algsOf(jwk: PublicJwk): readonly SigningAlg[] {
  switch (jwk.kty) {
    case 'RSA':
      return ['RS256', 'PS256'];
    case 'EC':
      return ['ES256'];
    case 'OKP':
      return ['EdDSA'];
    case 'AKP':
      return [jwk.alg];
  }
}
