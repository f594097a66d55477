/**
 * What this token service says of itself: RFC 8414 section 2 and OpenID Connect Discovery section 3 in one
 * document. It advertises what works and nothing else (S-META-04); URLs come from the configured issuer,
 * never from a request (S-META-01).
 */
import type { AuthMethod } from '../clients/auth-method.ts';
import { CLIENT_SIGNING_ALGS } from '../clients/client-jwks.ts';
import type { SigningAlg } from '../keys/signing-alg.ts';
import { PROOF_ALGS } from './dpop-proof.ts';

export interface ServerMetadataOptions {
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly signingAlgs: readonly SigningAlg[];
  readonly authMethods: readonly AuthMethod[];
  /** Whether a client can show a certificate at all. */
  readonly certificateBoundTokens: boolean;
}

export const PUBLIC_PATHS = {
  openidConfiguration: '/.well-known/openid-configuration',
  oauthAuthorizationServer: '/.well-known/oauth-authorization-server',
  jwks: '/.well-known/jwks.json',
  keyPem: '/.well-known/keys/:kid.pem',
  token: '/oauth2/token',
  introspection: '/oauth2/introspect',
  revocation: '/oauth2/revoke',
  statusList: '/oauth2/status-lists/:alg/:list',
} as const;

/** RFC 7591/7592 for our own token service. */
export const REGISTRATION_PATH = '/oauth2/register';

export function serverMetadata(options: ServerMetadataOptions) {
  const { issuer, scopes, signingAlgs, authMethods, certificateBoundTokens } = options;
  const base = issuer.replace(/\/$/, '');
  return {
    issuer,
    token_endpoint: base + PUBLIC_PATHS.token,
    registration_endpoint: base + REGISTRATION_PATH,
    introspection_endpoint: base + PUBLIC_PATHS.introspection,
    revocation_endpoint: base + PUBLIC_PATHS.revocation,
    jwks_uri: base + PUBLIC_PATHS.jwks,
    scopes_supported: scopes,
    // No authorization endpoint, so no response types: RFC 8414 requires the member all the same.
    response_types_supported: [],
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: authMethods,
    token_endpoint_auth_signing_alg_values_supported: CLIENT_SIGNING_ALGS,
    ...(certificateBoundTokens ? { tls_client_certificate_bound_access_tokens: true } : {}),
    dpop_signing_alg_values_supported: PROOF_ALGS,
    introspection_endpoint_auth_methods_supported: authMethods,
    introspection_endpoint_auth_signing_alg_values_supported: CLIENT_SIGNING_ALGS,
    revocation_endpoint_auth_methods_supported: authMethods,
    revocation_endpoint_auth_signing_alg_values_supported: CLIENT_SIGNING_ALGS,
    // Discovery requires both; discovery-driven verifiers of access tokens read the second.
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: signingAlgs,
  };
}

export function statusListUri(issuer: string): (alg: SigningAlg, list: string) => string {
  const base = issuer.replace(/\/$/, '');
  return (alg, list) => base + PUBLIC_PATHS.statusList.replace(':alg', alg).replace(':list', list);
}
