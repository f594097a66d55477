import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyOf } from '../../src/config/policy.ts';
import { API, load, refused } from './support.ts';

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
    max_clients: 10_000,
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
    { '*': { ...EVERY, grant_types: ['client_credentials', 'authorization_code'] } },
    'portals["*"].grant_types[1]: must be client_credentials, the only grant of this version',
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
  ['a policy that is no object', { '*': ['local'] }, 'portals["*"]: must be an object'],
];

for (const [what, portals, ...beginnings] of REFUSED) {
  test(`policy: ${what} is refused`, () => {
    refused(withPortals(portals), ...beginnings.map((beginning) => `bridge.json: ${beginning}`));
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
