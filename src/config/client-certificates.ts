/** What of the configuration lets clients show a certificate (RFC 8705). */
import { AUTH_METHODS, type AuthMethod } from '../clients/auth-method.ts';
import type { Config } from './schema.ts';

type Known = { readonly [Member in 'public_tls_cert_file' | 'trusted_proxies']?: Config[Member] | undefined };

/** On our own TLS connections, or through a proxy that is believed. */
export function takesCertificates({ public_tls_cert_file, trusted_proxies = [] }: Known): boolean {
  return public_tls_cert_file !== undefined || trusted_proxies.length > 0;
}

export const CERTIFICATE_METHODS: readonly AuthMethod[] = ['tls_client_auth', 'self_signed_tls_client_auth'];

/** Those that need nothing, and those by certificate that a portal's policy names. */
export function offeredMethods({ portals }: Pick<Config, 'portals'>): readonly AuthMethod[] {
  const named = new Set(Object.values(portals).flatMap((policy) => policy.token_endpoint_auth_methods ?? []));
  return AUTH_METHODS.filter((method) => !CERTIFICATE_METHODS.includes(method) || named.has(method));
}
