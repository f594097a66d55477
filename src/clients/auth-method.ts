/** How a client says who it is at the token endpoint (RFC 7591 section 2, RFC 7523, RFC 8705). */
export const AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** A client of any other method has no secret: one that nobody uses is one that nobody misses when it leaks. */
export function usesSecret({
  token_endpoint_auth_method: method,
}: {
  readonly token_endpoint_auth_method: string;
}): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post';
}

/** By one of a set of keys that the client registered, or that is fetched for it. */
export function usesKeySet({
  token_endpoint_auth_method: method,
}: {
  readonly token_endpoint_auth_method?: unknown;
}): boolean {
  return method === 'private_key_jwt' || method === 'self_signed_tls_client_auth';
}
