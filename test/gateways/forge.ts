/** How a token is forged: each act takes a genuine one and changes one thing about it. */
import { createHmac, createPublicKey, type KeyObject } from 'node:crypto';
import { publicJwkOf } from '../../src/keys/public-jwk.ts';
import { generatePrivateKey, type SigningAlg, signerOf } from '../../src/keys/signing-alg.ts';
import { encoded, type Json, joined, parts } from './jws.ts';
import type { Mint } from './mint.ts';

export interface Genuine {
  /** Issued by the service for this API. */
  readonly token: string;
  /** Issued by the service, to the same client, for the other one. */
  readonly forOtherApi: string;
  /** The key of `token` as it is published. */
  readonly pem: string;
  readonly mint: Mint;
  /** Where a stranger could publish keys; a request there would be seen. */
  readonly strangersUrl: string;
}

export function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** Genuinely signed; a claim that is `undefined` is left out. */
export function reminted({ token, mint }: Genuine, claims: Json): Promise<string> {
  return mint(algOf(token), { ...parts(token).claims, ...claims });
}

function algOf(token: string): SigningAlg {
  return parts(token).header.alg as SigningAlg;
}

export function withHeader(token: string, header: Json): string {
  const genuine = parts(token);
  return joined({ ...genuine, header: { ...genuine.header, ...header } });
}

export function withClaims(token: string, claims: Json): string {
  const genuine = parts(token);
  return joined({ ...genuine, claims: { ...genuine.claims, ...claims } });
}

export function withSignature(token: string, change: (signature: Buffer) => Buffer): string {
  const genuine = parts(token);
  return joined({ ...genuine, signature: change(genuine.signature) });
}

export function flipped(signature: Buffer): Buffer {
  return Buffer.from(signature.map((byte, at) => (at === signature.length >> 1 ? byte ^ 1 : byte)));
}

export function unsigned(token: string, alg: string): string {
  return withSignature(withHeader(token, { alg }), () => Buffer.alloc(0));
}

export function withHs256(token: string, key: Buffer): string {
  const { header, claims } = parts(token);
  const signed = `${encoded({ ...header, alg: 'HS256' })}.${encoded(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

export function der(pem: string): Buffer {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' });
}

/** One key for each algorithm: an RSA key takes a tenth of a second. */
const strangers = new Map<SigningAlg, Promise<KeyObject>>();

function strangersKey(alg: SigningAlg): Promise<KeyObject> {
  const key = strangers.get(alg) ?? generatePrivateKey(alg);
  strangers.set(alg, key);
  return key;
}

export async function strangersJwk({ token }: Genuine): Promise<Json> {
  return publicJwkOf(await strangersKey(algOf(token)));
}

/** The same token, `header` laid over its own, signed by somebody else. */
export async function byStranger({ token }: Pick<Genuine, 'token'>, header: Json): Promise<string> {
  const genuine = parts(token);
  const sign = signerOf(algOf(token), await strangersKey(algOf(token)));
  const signed = `${encoded({ ...genuine.header, ...header })}.${encoded(genuine.claims)}`;
  return `${signed}.${Buffer.from(await sign(Buffer.from(signed))).toString('base64url')}`;
}
