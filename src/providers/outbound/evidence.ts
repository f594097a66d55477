/**
 * What may be kept of a call that failed: method, host, status and code. Never a header, a body, a path or a
 * query: each of them may hold a token, and a body is the provider's own text (S-LOG-03, S-UP-09).
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  readonly code: string;

  constructor(call: { readonly method: string; readonly url: URL }, code: string, status?: number) {
    super([call.method, call.url.host, ...(status === undefined ? [] : [status]), code].join(' '));
    this.code = code;
  }
}

/** The code of a network or TLS error; its message may quote addresses, certificates and input. */
export function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'UNKNOWN';
}
