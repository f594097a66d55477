/** Upstream providers as they are configured: what is accepted with which defaults, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRESETS } from '../../src/providers/presets.ts';
import { load, refused } from './support.ts';

const ENV = { IAT: 'f7Kq2mX9bT4wZ8' };
const ISSUER = 'https://idp.acme.example/realms/apis';
const LEAST = { type: 'oidc', issuer: ISSUER, initial_access_token: '{env:IAT}' };

function file(acme: object) {
  return { providers: { local: { type: 'local' }, acme } };
}

function accepted(changes: object) {
  const provider = load({ env: ENV, file: file({ ...LEAST, ...changes }) }).config.providers.acme;
  assert.ok(provider?.type === 'oidc');
  return provider;
}

function refusedProvider(changes: object, ...problems: string[]): void {
  const lines = problems.map((problem) => `bridge.json: providers.acme.${problem}`);
  refused({ env: ENV, file: file({ ...LEAST, ...changes }) }, ...lines);
}

test('issuer and token are enough; what is not stated is strict', () => {
  assert.deepEqual(accepted({}), {
    type: 'oidc',
    issuer: ISSUER,
    initial_access_token: ENV.IAT,
    preset: 'generic',
    discovery: 'oidc',
    allowed_hosts: [],
    allow_networks: [],
    allow_insecure_loopback: false,
    timeout_ms: 3000,
    max_concurrent: 16,
    extension_members: [],
    unasked_scopes: [],
  });
});

test('an upstream issuer may end with a slash, as Auth0 has it, and is kept as it is', () => {
  const auth0 = { preset: 'auth0', issuer: 'https://acme.eu.auth0.com/', initial_access_token: undefined };
  assert.equal(accepted(auth0).issuer, 'https://acme.eu.auth0.com/');
});

test('S-SSRF-07: an endpoint is on the host of the issuer or on a listed one', () => {
  accepted({ registration_endpoint: 'https://idp.acme.example/as/clients.oauth2' });
  accepted({
    registration_endpoint: 'https://admin.acme.example:8443/clients',
    allowed_hosts: ['admin.acme.example:8443'],
  });
  const says = "must be https: on the issuer's host";
  for (const url of [
    'https://evil.example/clients',
    'http://idp.acme.example/x',
    'https://idp.acme.example:1/',
  ])
    refusedProvider({ registration_endpoint: url }, `registration_endpoint: ${says}`);
  refusedProvider({ search: 'https://evil.example/?q={marker}' }, `search: ${says}`);
});

test('private networks are listed one by one, and none that holds a metadata service', () => {
  accepted({ allow_networks: ['10.0.0.0/8', '192.168.1.0/24', 'fd12::/16'] });
  const says = 'must be a network in CIDR form that holds no link-local';
  const wrong = ['0.0.0.0/0', '::/0', '169.254.169.254/32', '169.254.0.0/17', 'fe80::/10', '10.0.0.1', 'lan'];
  for (const network of wrong) refusedProvider({ allow_networks: [network] }, `allow_networks[0]: ${says}`);
});

test('plain http is for loopback, and has to be asked for', () => {
  const loopback = { issuer: 'http://127.0.0.1:9000' };
  assert.equal(accepted({ ...loopback, allow_insecure_loopback: true }).issuer, loopback.issuer);
  refusedProvider(loopback, 'issuer: must use https:, unless allow_insecure_loopback is true');
  refusedProvider({ issuer: 'http://idp.acme.example' }, 'issuer: must use https:');
  refusedProvider(
    { allow_insecure_loopback: true },
    'allow_insecure_loopback: must be false: the issuer is not on loopback',
  );
});

test('one credential: a token, or a client that fetches it', () => {
  const token_client = { client_id: 'us', client_secret: '{env:IAT}' };
  accepted({ initial_access_token: undefined, token_client });
  refusedProvider({ token_client }, 'token_client: must not be set together with initial_access_token');
  refusedProvider(
    { initial_access_token: undefined },
    'initial_access_token: is required, or token_client in its place',
  );
  refusedProvider(
    { initial_access_token: undefined, token_client: { ...token_client, client_secret: 'literal' } },
    'token_client.client_secret: must not be in the file itself',
  );
});

test('Entra ID is refused with the reason: it has no dynamic client registration', () => {
  refusedProvider(
    { preset: 'entra' },
    "preset: can't be used: Microsoft Entra ID has no dynamic client registration (RFC 7591)",
  );
});

test('what has a bound is held to it, and what belongs together is asked for together', () => {
  refusedProvider({ timeout_ms: 3001 }, 'timeout_ms: ');
  refusedProvider({ max_concurrent: 0 }, 'max_concurrent: ');
  refusedProvider({ search: 'https://idp.acme.example/clients' }, 'search: must have the place {marker}');
  refusedProvider({ client_cert_file: 'c.pem' }, 'client_key_file: is required');
  for (const name of ['client_id', 'scope', 'software_id', 'registration_access_token'])
    refusedProvider({ extension_members: [name] }, 'extension_members[0]: must not be a member that');
  refusedProvider({ allowed_hosts: ['https://idp.acme.example'] }, 'allowed_hosts[0]: must be a host name');
});

test('every preset says where its facts are from', () => {
  for (const [name, { sources }] of Object.entries(PRESETS)) {
    assert.ok(sources.length > 0, name);
    for (const source of sources) assert.match(source, /^https:\/\//, name);
  }
});
