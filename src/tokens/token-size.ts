/**
 * How long the `Authorization` header of a resource's tokens gets, and what common gateways take. An estimate
 * for a warning at start: every scope granted, and a usual length for what comes from the client.
 */
import { signatureBytes } from '../keys/signing-alg.ts';
import type { Resource } from './resource.ts';

/** For one header field, as these come without configuration. */
export const HEADER_LIMITS: readonly { readonly limitBytes: number; readonly whose: string }[] = [
  { limitBytes: 4096, whose: 'HTTP/2 in nginx before 1.19.7 (http2_max_field_size, 4 KiB)' },
  {
    limitBytes: 8190,
    whose: 'nginx (large_client_header_buffers) and Apache (LimitRequestFieldSize), 8 KiB',
  },
  { limitBytes: 16_384, whose: 'Node.js and HAProxy, 16 KiB for all headers' },
];

const CLIENT_ID_CHARACTERS = 25;
const JTI_CHARACTERS = 22;
const KID_CHARACTERS = 43;
/** What a place like `{labels.team}` is filled with; the client's metadata decides. */
const FILLED = 'x'.repeat(40);

export function tokenHeaderBytes(
  issuer: string,
  audience: string,
  { signing_alg: alg, scopes, claims }: Pick<Resource, 'signing_alg' | 'scopes' | 'claims'>,
): number {
  const id = 'x'.repeat(CLIENT_ID_CHARACTERS);
  const seconds = 1_800_000_000;
  const mapped = Object.entries(claims).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.replace(/\{[^{}]+\}/g, FILLED) : value,
  ]);
  const payload = {
    ...Object.fromEntries(mapped),
    iss: issuer,
    sub: id,
    client_id: id,
    azp: id,
    aud: audience,
    scope: scopes.join(' '),
    iat: seconds,
    exp: seconds,
    jti: 'x'.repeat(JTI_CHARACTERS),
  };
  const header = { alg, typ: 'at+jwt', kid: 'x'.repeat(KID_CHARACTERS) };
  const parts = [bytesOf(header), bytesOf(payload), signatureBytes(alg)].map(base64urlLength);
  return 'Authorization: Bearer ..'.length + parts.reduce((sum, length) => sum + length, 0);
}

function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function base64urlLength(bytes: number): number {
  return Math.ceil((bytes * 4) / 3);
}
