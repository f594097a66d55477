/**
 * A token request's "no": an error of RFC 6749 section 5.2 or RFC 8707 section 2, as the client is told it.
 * `reason` is for logs and metrics only: every failed authentication looks the same from outside (S-TOK-11).
 */
export type TokenError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_dpop_proof'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'use_dpop_nonce';

export class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
  readonly error: TokenError;
  readonly status: number;
  readonly reason: string | undefined;
  /** Lower case: `www-authenticate` of a 401 when Basic was used (RFC 6749 section 5.2). */
  readonly headers: Readonly<Record<string, string>>;

  /** `description` is told to the client: within RFC 6749's character set, and never what it sent. */
  constructor(
    error: TokenError,
    description: string,
    options: { status?: number; reason?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(description);
    this.error = error;
    this.status = options.status ?? (error === 'invalid_client' ? 401 : 400);
    this.reason = options.reason;
    this.headers = options.headers ?? {};
  }
}

/** RFC 6749 section 5.2 wants it when the client tried Basic. */
const BASIC_CHALLENGE = 'Basic realm="dcr-bridge", charset="UTF-8"';

/** Every failed authentication is told in these words; `reason` is for the log (S-TOK-11). */
export function authenticationFailed(reason: string, triedBasic: boolean): TokenRefusal {
  const headers = triedBasic ? { 'www-authenticate': BASIC_CHALLENGE } : {};
  return new TokenRefusal('invalid_client', 'client authentication failed', { reason, headers });
}
