import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyOf } from '../../src/config/policy.ts';
import { API, type Given, load, refused } from './support.ts';

const OTHER = 'https://other.example.com';

/** Two resources, `portals` as given. */
function withPortals(portals: Record<string, unknown>): { file: Record<string, unknown> } {
  const resources = { [API]: { scopes: ['read', 'write'] }, [OTHER]: { scopes: ['admin'] } };
  return { file: { resources, portals } };
}

const EVERY = { providers: ['local'], resources: [API], scopes: ['read', 'write'], default_scopes: ['read'] };

test('a portal without an entry has the policy of "*"; an entry overrides it member by member', () => {
  const { config } = load(
    withPortals({ '*': EVERY, acme: { scopes: ['read'], secret_overlap_seconds: 3600 } }),
  );
  const everyPortal = {
    ...EVERY,
    grant_types: ['client_credentials'],
    redirect_uri_rule: 'inert',
    redirect_uri_hosts: ['*'],
    claims: {},
    api_key_headers: [],
    token_endpoint_auth_methods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    jwks_uri_hosts: [],
    max_clients: 1_000_000,
    max_secrets: 2,
    calls_per_minute: 60_000,
    tokens_per_minute: 0,
    secret_overlap_seconds: 0,
    secret_storage: 'hashed',
  };
  assert.deepEqual(policyOf(config, 'nobody-knows'), everyPortal);
  assert.deepEqual(policyOf(config, '*'), everyPortal);
  assert.deepEqual(policyOf(config, 'acme'), {
    ...everyPortal,
    scopes: ['read'],
    secret_overlap_seconds: 3600,
  });
});

test('what nobody states allows nothing', () => {
  const nothing = { providers: [], resources: [], scopes: [], default_scopes: [] };
  const { config } = load(withPortals({ acme: { providers: ['local'] } }));
  for (const [member, value] of Object.entries(nothing)) {
    assert.deepEqual(policyOf(config, 'someone')[member as keyof typeof nothing], value);
  }
  assert.deepEqual(policyOf(config, 'acme').providers, ['local']);
});

test('a policy is frozen, and the name of a portal is never a name of JavaScript', () => {
  const { config } = load(
    withPortals({ '*': EVERY, constructor: { scopes: ['write'], default_scopes: [] } }),
  );
  assert.deepEqual(policyOf(config, 'constructor').scopes, ['write']);
  assert.deepEqual(policyOf(config, 'toString').scopes, ['read', 'write']);
  for (const name of ['constructor', 'other']) {
    assert.ok(Object.isFrozen(policyOf(config, name)) && Object.isFrozen(policyOf(config, name).scopes));
  }
});

test('each policy is merged from its own configuration', () => {
  const one = load(withPortals({ '*': EVERY })).config;
  const other = load(withPortals({ '*': { ...EVERY, scopes: ['read'] } })).config;
  assert.deepEqual(policyOf(one, 'p').scopes, ['read', 'write']);
  assert.deepEqual(policyOf(other, 'p').scopes, ['read']);
  assert.equal(policyOf(one, 'p'), policyOf(one, 'q'));
});

const REFUSED: readonly (readonly [string, Record<string, unknown>, ...string[]])[] = [
  [
    'an unknown provider',
    { '*': { ...EVERY, providers: ['local', 'lcoal'] } },
    'portals["*"].providers[1]: "lcoal" is not in providers; did you mean "local"?',
  ],
  [
    'an unknown resource',
    { '*': EVERY, acme: { resources: ['https://api.example.org'] } },
    `portals.acme.resources[0]: "https://api.example.org" is not in resources; did you mean "${API}"?`,
  ],
  [
    'a scope of no resource',
    { '*': { ...EVERY, scopes: ['read', 'admin'] } },
    'portals["*"].scopes[1]: "admin" is a scope of none of its resources',
  ],
  [
    'a default scope that is not allowed',
    { '*': { ...EVERY, scopes: ['write'] } },
    'portals["*"].default_scopes[0]: "read" is not in its scopes',
  ],
  [
    'an entry that narrows the resources below the scopes it inherits',
    { '*': EVERY, acme: { resources: [OTHER] } },
    'portals.acme.resources: leaves no room for "read", inherited in scopes: state those too',
    'portals.acme.resources: leaves no room for "write", inherited in scopes: state those too',
  ],
  [
    'an entry that narrows the scopes below the default scopes it inherits',
    { '*': EVERY, acme: { scopes: ['write'] } },
    'portals.acme.scopes: leaves no room for "read", inherited in default_scopes: state those too',
  ],
  [
    'another grant',
    { '*': { ...EVERY, grant_types: ['client_credentials', 'implicit'] } },
    'portals["*"].grant_types[1]: must be client_credentials, authorization_code or refresh_token',
  ],
  [
    'a host with a wildcard inside a label',
    { '*': EVERY, acme: { redirect_uri_rule: 'strict', redirect_uri_hosts: ['a.example', '*example.com'] } },
    'portals.acme.redirect_uri_hosts[1]: must be a host name in lower case without a port',
  ],
  [
    'a host of keys with a port, and one that is a URL',
    { '*': EVERY, acme: { jwks_uri_hosts: ['keys.example.com:8443', 'https://keys.example.com'] } },
    'portals.acme.jwks_uri_hosts[0]: must be a host name in lower case without a port',
    'portals.acme.jwks_uri_hosts[1]: must be a host name in lower case without a port',
  ],
  [
    'hosts that nothing is compared with',
    { '*': EVERY, acme: { redirect_uri_hosts: ['app.example.com'] } },
    'portals.acme.redirect_uri_hosts: has no effect: state redirect_uri_rule strict, or allow authorization_code',
  ],
  [
    'a claim that is ours to make',
    { '*': EVERY, acme: { claims: { sub: '{labels.user}' } } },
    'portals.acme.claims.sub: this claim is reserved',
  ],
  [
    'the header of a key that is read anyway',
    { '*': EVERY, acme: { api_key_headers: ['x-portal-key', 'x-api-key'] } },
    'portals.acme.api_key_headers[1]: is read anyway',
  ],
  [
    'a header of a key that has another meaning',
    { '*': EVERY, acme: { api_key_headers: ['x-forwarded-for'] } },
    'portals.acme.api_key_headers[0]: has another meaning',
  ],
  [
    'a header of a key that no request has',
    { '*': EVERY, acme: { api_key_headers: ['X-Portal-Key', 'x portal key'] } },
    'portals.acme.api_key_headers[0]: must be a header name in lower case',
    'portals.acme.api_key_headers[1]: must be a header name in lower case',
  ],
  [
    'a repeated entry',
    { '*': { ...EVERY, providers: ['local', 'local'] } },
    'portals["*"].providers: must not repeat an entry',
  ],
  [
    'a name that no portal can have',
    { '*': EVERY, 'a b': {} },
    'portals["a b"]: must be "*" or a portal name',
  ],
  [
    'too long an overlap',
    { '*': { ...EVERY, secret_overlap_seconds: 2_592_001 } },
    'portals["*"].secret_overlap_seconds: must be at most 2592000',
  ],
  [
    'a negative overlap',
    { '*': { ...EVERY, secret_overlap_seconds: -1 } },
    'portals["*"].secret_overlap_seconds: must be at least 0',
  ],
  [
    'another storage',
    { '*': { ...EVERY, secret_storage: 'plain' } },
    'portals["*"].secret_storage: must be one of hashed, recoverable',
  ],
  ['no client at all', { '*': { ...EVERY, max_clients: 0 } }, 'portals["*"].max_clients: must be at least 1'],
  [
    'more clients than a store is made for',
    { '*': { ...EVERY, max_clients: 10_000_001 } },
    'portals["*"].max_clients: must be at most 10000000',
  ],
  ['no secret at all', { '*': { ...EVERY, max_secrets: 0 } }, 'portals["*"].max_secrets: must be at least 1'],
  [
    'more secrets than are compared',
    { '*': { ...EVERY, max_secrets: 6 } },
    'portals["*"].max_secrets: must be at most 5',
  ],
  [
    'no call at all',
    { '*': { ...EVERY, calls_per_minute: 0 } },
    'portals["*"].calls_per_minute: must be at least 1',
  ],
  [
    'more calls than can be counted',
    { '*': { ...EVERY, calls_per_minute: 1_000_001 } },
    'portals["*"].calls_per_minute: must be at most 1000000',
  ],
  [
    'half a call',
    { '*': { ...EVERY, calls_per_minute: 0.5 } },
    'portals["*"].calls_per_minute: must be a whole number',
  ],
  [
    'less than no token',
    { '*': { ...EVERY, tokens_per_minute: -1 } },
    'portals["*"].tokens_per_minute: must be at least 0',
  ],
  [
    'an overlap where one secret may be valid',
    { '*': { ...EVERY, max_secrets: 1, secret_overlap_seconds: 60 }, acme: { scopes: ['read'] } },
    'portals["*"].secret_overlap_seconds: must be 0 while max_secrets is 1',
  ],
  [
    'an entry that leaves no room for the overlap it inherits',
    { '*': { ...EVERY, secret_overlap_seconds: 60 }, acme: { max_secrets: 1 } },
    'portals.acme.max_secrets: leaves no room for the overlap',
  ],
  ['a policy that is no object', { '*': ['local'] }, 'portals["*"]: must be an object'],
];

for (const [what, portals, ...beginnings] of REFUSED) {
  test(`policy: ${what} is refused`, () => {
    refused(withPortals(portals), ...beginnings.map((beginning) => `bridge.json: ${beginning}`));
  });
}

test('what every entry may state is in force as it is stated', () => {
  const stated = {
    max_clients: 5,
    max_secrets: 5,
    calls_per_minute: 1,
    tokens_per_minute: 1,
    secret_overlap_seconds: 60,
    secret_storage: 'recoverable',
  };
  const { config, warnings } = load(withPortals({ '*': EVERY, acme: stated, one: { max_secrets: 1 } }));
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    { ...policyOf(config, 'acme'), ...EVERY },
    { ...policyOf(config, '*'), ...stated, ...EVERY },
  );
  assert.deepEqual([policyOf(config, 'one').max_secrets, policyOf(config, 'two').max_secrets], [1, 2]);
});

const withEvents = (on_event: unknown) => ({ file: { providers: { local: { type: 'local', on_event } } } });

test('what events mean is kept by name; unless it is said a client begins with all of its resources', () => {
  const eventsOf = (given: Given) => {
    const { local } = load(given).config.providers;
    return local?.type === 'local' ? local.on_event : assert.fail();
  };
  assert.deepEqual(eventsOf({}), { initial_resources: 'all', resources: {} });
  const resources = { 'product-1': API, [API]: API };
  assert.deepEqual(eventsOf(withEvents({ resources })), { initial_resources: 'all', resources });
  assert.equal(eventsOf(withEvents({ initial_resources: 'none' })).initial_resources, 'none');
});

const EVENTS_REFUSED: readonly (readonly [string, unknown, string])[] = [
  ['no object', [], 'on_event: must be an object'],
  ['an unknown member', { resource: {} }, 'on_event.resource: is unknown; did you mean "resources"?'],
  [
    'another beginning',
    { initial_resources: 'some' },
    'on_event.initial_resources: must be one of all, none',
  ],
  [
    'a resource that is no URI',
    { resources: { p: 'orders' } },
    'on_event.resources.p: must be an absolute URI',
  ],
  [
    'a resource that is not there',
    { resources: { p: `${API}m` } },
    `on_event.resources.p: "${API}m" is not in resources; did you mean "${API}"?`,
  ],
  ['an event without a name', { resources: { '': API } }, 'on_event.resources[""]: must have at least 1'],
  [
    'too long a name',
    { resources: { ['p'.repeat(256)]: API } },
    `on_event.resources.${'p'.repeat(256)}: must have at most 255 characters`,
  ],
];

for (const [what, onEvent, beginning] of EVENTS_REFUSED) {
  test(`events: ${what} is refused`, () => {
    refused(withEvents(onEvent), `bridge.json: providers.local.${beginning}`);
  });
}

test('what a policy refers to is judged by name, even when it has problems of its own', () => {
  refused(
    { file: { resources: { [API]: { scopes: 'read' } }, providers: { local: {} } } },
    `bridge.json: resources["${API}"].scopes: must be a list`,
    'bridge.json: providers.local.type: must be one of local, oidc',
  );
});

test('the name local and the type local belong together', () => {
  const file = { providers: { local: { type: 'local' }, mine: { type: 'local' } } };
  refused({ file }, 'bridge.json: providers.mine: the name local and the type local belong together');
  refused(
    { file: { providers: { local: { type: 'local' }, 'No/pe': { type: 'local' } } } },
    'bridge.json: providers["No/pe"]: provider names are 1 to 63',
  );
});
