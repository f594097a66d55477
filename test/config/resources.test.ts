import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESERVED_CLAIMS } from '../../src/config/claim-mapping.ts';
import { MAX_TOKEN_LIFETIME_SECONDS } from '../../src/config/resources.ts';
import { API, load, refused } from './support.ts';

const place = `bridge.json: resources["${API}"]`;

/** A file whose one resource has these members too. */
function withResource(members: Record<string, unknown>): { file: Record<string, unknown> } {
  return { file: { resources: { [API]: { scopes: ['read', 'write'], ...members } } } };
}

function withIdentifier(identifier: string): { file: Record<string, unknown> } {
  return {
    file: { resources: { [identifier]: { scopes: [] } }, default_resource: identifier, portals: { '*': {} } },
  };
}

test('a resource has safe defaults: RS256, ten minutes, no claims, its identifier as audience', () => {
  const { config } = load(withResource({}));
  const resource = config.resources[API] ?? assert.fail();
  assert.deepEqual(
    { ...resource, claims: { ...resource.claims } },
    {
      scopes: ['read', 'write'],
      token_lifetime_seconds: 600,
      token_reuse_share: 0,
      signing_alg: 'RS256',
      introspection_clients: [],
      status_list: false,
      readers: [],
      claims: {},
    },
  );
});

test('who may introspect is named by a client id, not by a name or a pattern', () => {
  const id = 'cl_1cTLxJdKtEmBtCkLYIHRDG';
  const { config } = load(withResource({ introspection_clients: [id] }));
  assert.deepEqual(config.resources[API]?.introspection_clients, [id]);
  for (const wrong of ['*', 'my-api', `${id}x`]) {
    refused(
      withResource({ introspection_clients: [wrong] }),
      `${place}.introspection_clients[0]: must be the id of a client`,
    );
  }
});

test('an identifier is an absolute URI without a fragment (RFC 8707 section 2)', () => {
  for (const identifier of [
    API,
    'urn:example:api',
    'api://default',
    'https://a.example/b?c=d',
    'https://[::1]/',
  ]) {
    assert.equal(load(withIdentifier(identifier)).config.default_resource, identifier);
  }
  const wrong = [
    'api',
    '/api',
    '//api.example.com',
    'https:',
    'https://a.example/#x',
    'https://a.example/ b',
    'https://ü.example',
    '*',
  ];
  for (const identifier of wrong) {
    const { file } = withIdentifier(identifier);
    const shown = `["${identifier.replace('ü', '\\u00fc')}"]`;
    refused(
      { file },
      `bridge.json: resources${identifier === 'api' ? '.api' : shown}: must be an absolute URI without a fragment`,
      'bridge.json: default_resource: must be an absolute URI without a fragment',
    );
  }
});

test('S-JWT-07: only asymmetric algorithms; none and HS* are refused with the reason', () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
    assert.equal(load(withResource({ signing_alg: alg })).config.resources[API]?.signing_alg, alg);
  }
  for (const alg of ['none', 'None', 'NONE']) {
    refused(
      withResource({ signing_alg: alg }),
      `${place}.signing_alg: must be one of RS256, PS256, ES256, EdDSA, ML-DSA-44, ML-DSA-65; "none" is no signature`,
    );
  }
  for (const alg of ['HS256', 'hs512']) {
    refused(
      withResource({ signing_alg: alg }),
      `${place}.signing_alg: must be one of RS256, PS256, ES256, EdDSA, ML-DSA-44, ML-DSA-65; with HS* whoever can check`,
    );
  }
  for (const alg of ['RS512', 'rs256', '', null, 256]) {
    refused(
      withResource({ signing_alg: alg }),
      `${place}.signing_alg: must be one of RS256, PS256, ES256, EdDSA`,
    );
  }
});

test('S-JWT-11: a token lives 60 seconds to a day, so that the ring knows how long a key must stay published', () => {
  assert.equal(MAX_TOKEN_LIFETIME_SECONDS, 86_400);
  for (const seconds of [60, 86_400]) load(withResource({ token_lifetime_seconds: seconds }));
  refused(
    withResource({ token_lifetime_seconds: 59 }),
    `${place}.token_lifetime_seconds: must be at least 60`,
  );
  refused(
    withResource({ token_lifetime_seconds: 86_401 }),
    `${place}.token_lifetime_seconds: must be at most 86400`,
  );
  for (const value of ['600', 600.5, null]) {
    refused(
      withResource({ token_lifetime_seconds: value }),
      `${place}.token_lifetime_seconds: must be a whole number`,
    );
  }
});

test('S-JWT-03: a claim that says who, for whom or what for can not be mapped', () => {
  const own = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'azp', 'scope'];
  const others = ['cnf', 'typ', 'auth_time', 'acr', 'amr', 'act', 'roles', 'groups', 'entitlements', 'email'];
  for (const name of [...own, ...others]) assert.ok(RESERVED_CLAIMS.has(name), name);
  for (const name of RESERVED_CLAIMS) {
    const path = /^\w+$/.test(name) ? `.${name}` : `["${name}"]`;
    refused(withResource({ claims: { [name]: 'x' } }), `${place}.claims${path}: this claim is reserved`);
  }
});

test('claims are constants or texts with known places', () => {
  const claims = {
    application_id: '{labels.application_id}',
    'https://example.com/team': 'team-{labels.team.name}/{client_id}',
    key: '{extension.x_consumer:key}',
    who: '{client_name} of {portal}',
    plan: 'gold',
    tier: 3,
    trial: false,
  };
  assert.deepEqual({ ...load(withResource({ claims })).config.resources[API]?.claims }, claims);

  const wrong = [
    '{labels}',
    '{labels.}',
    '{labels.a b}',
    '{label.x}',
    '{client_id.x}',
    '{env:SECRET}',
    '{',
    '}',
    '{{portal}}',
    '{}',
    '{client_secret}',
  ];
  for (const template of wrong) {
    refused(
      withResource({ claims: { a: template } }),
      `${place}.claims.a: may only have the places {labels.NAME}`,
    );
  }
  for (const value of [null, {}, ['a']]) {
    refused(
      withResource({ claims: { a: value } }),
      `${place}.claims.a: must be a text, a number, true or false`,
    );
  }
  refused(
    withResource({ claims: { 'a b': 1 } }),
    `${place}.claims["a b"]: claim names are 1 to 100 visible ASCII`,
  );
  refused(
    withResource({ claims: { a: 'x'.repeat(1001) } }),
    `${place}.claims.a: must have at most 1000 characters`,
  );
});

test('scopes are scope tokens (RFC 6749 section 3.3), each once', () => {
  for (const scope of ['', 'a b', 'a"b', 'a\\b', 'é']) {
    refused(
      { file: { resources: { [API]: { scopes: ['read', 'write', scope] } } } },
      `${place}.scopes[2]: must be a scope token`,
    );
  }
  refused(
    { file: { resources: { [API]: { scopes: ['read', 'write', 'read'] } } } },
    `${place}.scopes: must not repeat an entry`,
  );
  refused({ file: { resources: { [API]: { scopes: 'read write' } } } }, `${place}.scopes: must be a list`);
  refused({ file: { resources: { [API]: {} } } }, `${place}.scopes: is required`);
  load({ file: { resources: { [API]: { scopes: ['read', 'write', 'api:v1/*', '!'] } } } });
});

test('S-JWT-04: two resources never share an audience: a token for one would be good for the other', () => {
  const other = 'https://other.example.com';
  const both = (audience: string) => ({
    file: { resources: { [API]: { scopes: ['read', 'write'] }, [other]: { scopes: [], audience } } },
  });
  assert.equal(load(both('other')).config.resources[other]?.audience, 'other');
  refused(both(API), `bridge.json: resources["${other}"].audience: must not have the audience of "${API}"`);
  refused(both('two words'), `bridge.json: resources["${other}"].audience: must be visible ASCII`);
});

test('the default resource exists', () => {
  refused(
    { file: { default_resource: 'https://api.exmple.com' } },
    `bridge.json: default_resource: "https://api.exmple.com" is not in resources; did you mean "${API}"?`,
  );
  refused({ env: { DEFAULT_RESOURCE: 'urn:else' } }, 'DEFAULT_RESOURCE: "urn:else" is not in resources');
});
