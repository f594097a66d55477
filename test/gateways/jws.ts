/** A compact JWS (RFC 7515 section 7.1), taken apart and put together. Nothing is verified. */
export type Json = Readonly<Record<string, unknown>>;

export interface Parts {
  readonly header: Json;
  readonly claims: Json;
  readonly signature: Buffer;
}

export function parts(token: string): Parts {
  const [header = '', claims = '', signature = ''] = token.split('.');
  return {
    header: JSON.parse(Buffer.from(header, 'base64url').toString()),
    claims: JSON.parse(Buffer.from(claims, 'base64url').toString()),
    signature: Buffer.from(signature, 'base64url'),
  };
}

export function encoded(part: Json): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

export function joined({ header, claims, signature }: Parts): string {
  return `${encoded(header)}.${encoded(claims)}.${signature.toString('base64url')}`;
}
