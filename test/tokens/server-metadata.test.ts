import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverMetadata } from '../../src/tokens/server-metadata.ts';

const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;
const ALGS = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const OPTIONS = {
  issuer: 'https://as.example',
  scopes: ['read'],
  signingAlgs: ['RS256', 'ES256'],
  authMethods: METHODS,
  certificateBoundTokens: false,
} as const;

test('S-META-04: the metadata says what there is, and nothing else', () => {
  assert.deepEqual(serverMetadata(OPTIONS), {
    issuer: 'https://as.example',
    token_endpoint: 'https://as.example/oauth2/token',
    registration_endpoint: 'https://as.example/oauth2/register',
    introspection_endpoint: 'https://as.example/oauth2/introspect',
    revocation_endpoint: 'https://as.example/oauth2/revoke',
    jwks_uri: 'https://as.example/.well-known/jwks.json',
    scopes_supported: ['read'],
    response_types_supported: [],
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: METHODS,
    token_endpoint_auth_signing_alg_values_supported: ALGS,
    dpop_signing_alg_values_supported: ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
    introspection_endpoint_auth_methods_supported: METHODS,
    introspection_endpoint_auth_signing_alg_values_supported: ALGS,
    revocation_endpoint_auth_methods_supported: METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ALGS,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
  });
});

test('an issuer with a path keeps it in every URL', () => {
  const { issuer, token_endpoint, registration_endpoint, jwks_uri } = serverMetadata({
    ...OPTIONS,
    issuer: 'https://host.example/as',
  });
  assert.equal(issuer, 'https://host.example/as');
  assert.equal(token_endpoint, 'https://host.example/as/oauth2/token');
  assert.equal(registration_endpoint, 'https://host.example/as/oauth2/register');
  assert.equal(jwks_uri, 'https://host.example/as/.well-known/jwks.json');
});

test('S-META-04: certificate-bound tokens are named where a certificate can come, and only there', () => {
  const bound = serverMetadata({ ...OPTIONS, certificateBoundTokens: true });
  assert.equal(bound.tls_client_certificate_bound_access_tokens, true);
});
